"""Files go in and come out as they are, and never anywhere else."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import AlreadyExists, NotFound

from dara_fp.sandbox.files.files import PUT_LIMIT
from tests.sandbox.served import TOKEN, Served, serve, wait_until

FILES = "/api/2.0/fs/files"
DIRECTORIES = "/api/2.0/fs/directories"


def downloaded(workspace: WorkspaceClient, path: str) -> bytes:
    contents = workspace.files.download(path).contents
    assert contents
    with contents:
        return contents.read()


def test_the_sdk_gets_back_what_it_uploaded(workspace: WorkspaceClient, volume: str) -> None:
    path = f"{volume}/deep/er/ä 100% #1?.txt"
    workspace.files.upload(path, BytesIO(b"hello"))
    found = workspace.files.get_metadata(path)
    assert (found.content_length, found.content_type) == (5, "application/octet-stream")
    assert downloaded(workspace, path) == b"hello"
    workspace.files.delete(path)
    with pytest.raises(NotFound, match="The file being accessed is not found"):
        workspace.files.delete(path)


def test_the_sdk_moves_a_large_file_in_parts_both_ways(
    workspace: WorkspaceClient, sandbox: Served, volume: str, tmp_path: Path
) -> None:
    content = os.urandom(2**20) * 52
    unfinished = set(sandbox.data_dir.glob("uploads/*"))
    workspace.files.upload(f"{volume}/large", BytesIO(content))
    # The SDK takes parts from 50 MiB; a PUT would not show in the list of what it asked for.
    assert (sandbox.root / f"{volume}/large".lstrip("/")).read_bytes() == content
    assert set(sandbox.data_dir.glob("uploads/*")) == unfinished
    assert downloaded(workspace, f"{volume}/large") == content
    workspace.files.download_to(f"{volume}/large", str(tmp_path / "large"), use_parallel=True)
    assert (tmp_path / "large").read_bytes() == content
    workspace.files.upload_from(f"{volume}/again", str(tmp_path / "large"), use_parallel=True)
    assert (sandbox.root / f"{volume}/again".lstrip("/")).read_bytes() == content


def test_an_existing_file_is_replaced_only_on_request(http: httpx.Client, volume: str) -> None:
    address = f"{FILES}{volume}/a"
    assert http.put(address, content=b"1").status_code == 204
    refused = http.put(address, content=b"2", params={"overwrite": "false"})
    assert (refused.status_code, refused.json()["error_code"]) == (409, "ALREADY_EXISTS")
    assert http.put(address, content=b"2").status_code == 409
    assert http.get(address).content == b"1"
    assert http.put(address, content=b"3", params={"overwrite": "true"}).status_code == 204
    assert http.get(address).content == b"3"


def test_the_sdk_maps_the_refusal_to_already_exists(
    workspace: WorkspaceClient, volume: str
) -> None:
    workspace.files.upload(f"{volume}/a", BytesIO(b"1"))
    with pytest.raises(AlreadyExists):
        workspace.files.upload(f"{volume}/a", BytesIO(b"2"), overwrite=False)


def test_a_range_and_an_unchanged_file_can_be_asked_for(http: httpx.Client, volume: str) -> None:
    address = f"{FILES}{volume}/a"
    http.put(address, content=b"0123456789")
    part = http.get(address, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    modified = part.headers["last-modified"]
    assert http.get(address, headers={"If-Unmodified-Since": modified}).status_code == 200
    for wrong, status, size in [("abc", 400, None), ("99-", 416, "bytes */10"), ("4-2", 400, None)]:
        refused = http.get(address, headers={"Range": f"bytes={wrong}"})
        assert (refused.status_code, refused.headers.get("content-range")) == (status, size)
        assert refused.json()["error_code"] == "INVALID_PARAMETER_VALUE"
        assert "file of 10 bytes" in refused.json()["message"]
    long_ago = {"If-Unmodified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"}
    assert http.get(address, headers=long_ago).status_code == 412


@pytest.mark.parametrize(
    "path",
    [
        "/Volumes/main/default/v/../../../../etc/passwd",
        "/Volumes/main/default/v/%2e%2e/%2e%2e/x",
        "/Volumes/main/default/v/./x",
        "/Volumes/main/default/v//x",
        "/Volumes/main/default/v/a%00b",
        "/Volumes/main/default/v/a%0Ab",
        "/Volumes/main/default/v/" + "x" * 256,
        "/Volumes/main/default/v",
        "/Volumes/main/x",
        "/Users/me/x",
        "/etc/passwd",
    ],
)
def test_a_path_outside_of_a_volume_is_refused(sandbox: Served, path: str) -> None:
    # httpx would tidy the dots away; http.client sends the path as it is.
    host, port = sandbox.url.removeprefix("http://").split(":")
    with closing(HTTPConnection(host, int(port), timeout=10)) as connection:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        connection.request("PUT", FILES + path, b"x", headers)
        answer = connection.getresponse()
        body = json.loads(answer.read())
    expected = (404, "No such page") if "%0A" in path else (400, "Invalid path")
    assert (answer.status, body["message"][:12]) == expected


def test_a_link_that_leads_outside_is_not_followed(
    sandbox: Served, http: httpx.Client, volume: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    http.put(f"{FILES}{volume}/a", content=b"x")
    (sandbox.root / volume.lstrip("/") / "link").symlink_to(secret)
    answer = http.get(f"{FILES}{volume}/link")
    assert answer.status_code == 400
    assert "outside" in answer.json()["message"]


def test_a_broken_upload_leaves_nothing(sandbox: Served, http: httpx.Client, volume: str) -> None:
    def body() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        http.put(f"{FILES}{volume}/a", content=body())
    assert http.head(f"{FILES}{volume}/a").status_code == 404
    wait_until(lambda: not list((sandbox.data_dir / "scratch").iterdir()))


def test_directories_are_made_listed_in_pages_and_removed_when_empty(
    workspace: WorkspaceClient, http: httpx.Client, volume: str
) -> None:
    workspace.files.create_directory(f"{volume}/d/e")
    workspace.files.create_directory(f"{volume}/d/e")
    for name in "cab":
        workspace.files.upload(f"{volume}/d/{name}", BytesIO(b"12"))
    entries = list(workspace.files.list_directory_contents(f"{volume}/d", page_size=2))
    assert [entry.name for entry in entries] == ["a", "b", "c", "e"]
    assert [entry.is_directory for entry in entries] == [False, False, False, True]
    assert (entries[0].path, entries[0].file_size) == (f"{volume}/d/a", 2)
    full = http.delete(f"{DIRECTORIES}{volume}/d")
    assert (full.status_code, full.json()["error_code"]) == (400, "DIRECTORY_NOT_EMPTY")
    workspace.files.delete_directory(f"{volume}/d/e")
    with pytest.raises(NotFound):
        workspace.files.get_directory_metadata(f"{volume}/d/e")
    with pytest.raises(NotFound, match="The directory being accessed is not found"):
        list(workspace.files.list_directory_contents(f"{volume}/d/e"))


def test_a_file_is_no_directory_and_a_directory_no_file(http: httpx.Client, volume: str) -> None:
    http.put(f"{FILES}{volume}/a", content=b"x")
    http.put(f"{DIRECTORIES}{volume}/d")
    assert http.put(f"{FILES}{volume}/a/b", content=b"x").status_code == 400
    assert http.put(f"{FILES}{volume}/d?overwrite=true", content=b"x").status_code == 400
    assert http.put(f"{DIRECTORIES}{volume}/a").status_code == 409
    assert http.get(f"{FILES}{volume}/d").status_code == 404
    assert http.delete(f"{FILES}{volume}/d").status_code == 400
    assert http.get(f"{FILES}{volume}/d/").status_code == 400


def begun(http: httpx.Client, path: str, **query: str) -> str:
    answer = http.post(FILES + path, params={"action": "initiate-upload", **query})
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["multipart_upload"]["session_token"]
    return token


def part_url(http: httpx.Client, path: str, token: str, expires: timedelta) -> str:
    asked = {
        "path": path,
        "session_token": token,
        "start_part_number": 1,
        "count": 1,
        "expire_time": (datetime.now(UTC) + expires).isoformat(),
    }
    answer = http.post("/api/2.0/fs/create-upload-part-urls", json=asked)
    url: str = answer.json()["upload_part_urls"][0]["url"]
    return url


def test_a_presigned_address_ends_with_its_time_and_cannot_be_changed(
    http: httpx.Client, volume: str
) -> None:
    path = f"{volume}/a"
    token = begun(http, path)
    late = httpx.put(part_url(http, path, token, timedelta(seconds=-1)), content=b"x")
    assert late.status_code == 403
    assert "<Message>Request has expired</Message>" in late.text
    good = part_url(http, path, token, timedelta(minutes=1))
    assert httpx.put(good + "0", content=b"x").status_code == 403
    assert httpx.get(good).status_code == 403
    etag = httpx.put(good, content=b"x").headers["etag"]
    wrong = {"parts": [{"part_number": 1, "etag": "else"}]}
    query = {"action": "complete-upload", "upload_type": "multipart", "session_token": token}
    assert http.post(FILES + path, params=query, json=wrong).status_code == 400
    parts = {"parts": [{"part_number": 1, "etag": etag}]}
    assert http.post(FILES + path, params=query, json=parts).json() == {}
    assert http.get(FILES + path).content == b"x"
    assert http.post(FILES + path, params=query, json=parts).status_code == 404


def test_an_upload_and_its_addresses_outlive_a_restart(tmp_path: Path) -> None:
    path = "/Volumes/main/default/v/a"
    served = serve(tmp_path)
    with served.http() as http:
        token = begun(http, path)
        first = part_url(http, path, token, timedelta(minutes=1))
        etags = [httpx.put(first, content=sent).headers["etag"] for sent in (b"old", b"new")]
    served.end(signal.SIGKILL)
    again = serve(tmp_path)
    with again.http() as http:
        address = first.replace(served.url, again.url)
        query = {"action": "complete-upload", "upload_type": "multipart", "session_token": token}
        old, new = ({"parts": [{"part_number": 1, "etag": etag}]} for etag in etags)
        assert http.post(FILES + path, params=query, json=old).status_code == 400
        assert http.post(FILES + path, params=query, json=new).status_code == 200
        assert http.get(FILES + path).content == b"new"
        assert httpx.put(address, content=b"late").status_code == 404
    assert list((tmp_path / "uploads").iterdir()) == []
    again.end()


def test_an_upload_is_only_for_the_file_it_was_begun_for(http: httpx.Client, volume: str) -> None:
    token = begun(http, f"{volume}/a")
    query = {"action": "complete-upload", "session_token": token}
    other = http.post(f"{FILES}{volume}/b", params=query, json={"parts": []})
    assert (other.status_code, other.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert http.post(f"{FILES}{volume}/a", params=query, json={"parts": []}).status_code == 200


def test_a_file_too_large_for_one_put_is_refused_before_it_is_sent(
    sandbox: Served, volume: str
) -> None:
    host, port = sandbox.url.removeprefix("http://").split(":")
    with closing(HTTPConnection(host, int(port), timeout=10)) as connection:
        connection.putrequest("PUT", f"{FILES}{volume}/a")
        connection.putheader("Authorization", f"Bearer {TOKEN}")
        connection.putheader("Content-Length", str(PUT_LIMIT + 1))
        connection.endheaders()
        answer = connection.getresponse()
        assert answer.status == 413
        assert "use the multipart upload" in json.loads(answer.read())["message"]


def test_an_upload_can_be_dropped(http: httpx.Client, sandbox: Served, volume: str) -> None:
    path = f"{volume}/a"
    token = begun(http, path, overwrite="true")
    httpx.put(part_url(http, path, token, timedelta(minutes=1)), content=b"x")
    asked = {"path": path, "session_token": token, "expire_time": "2999-01-01T00:00:00Z"}
    answer = http.post("/api/2.0/fs/create-abort-upload-url", json=asked)
    assert httpx.delete(answer.json()["abort_upload_url"]["url"]).status_code == 200
    assert not (sandbox.data_dir / "uploads" / token).exists()
    assert http.head(FILES + path).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [("count", 0), ("count", 100_000), ("start_part_number", 0), ("expire_time", "soon")],
)
def test_a_wrong_request_for_addresses_names_its_field(
    http: httpx.Client, volume: str, field: str, value: object
) -> None:
    path = f"{volume}/a"
    asked = {
        "path": path,
        "session_token": begun(http, path),
        "start_part_number": 1,
        "count": 1,
        "expire_time": "2999-01-01T00:00:00Z",
    }
    content = json.dumps({**asked, field: value})
    answer = http.post("/api/2.0/fs/create-upload-part-urls", content=content)
    assert answer.status_code == 400
    assert field in answer.json()["message"]


def test_a_download_address_needs_no_token(http: httpx.Client, volume: str) -> None:
    path = f"{volume}/a b"
    http.put(FILES + quote(path), content=b"0123")
    query = {"path": path, "expire_time": "2999-01-01T00:00:00Z"}
    url = http.post("/api/2.0/fs/create-download-url", params=query).json()["url"]
    assert httpx.get(url, headers={"Range": "bytes=1-2"}).content == b"12"
    nothing = {**query, "path": path + "c"}
    assert http.post("/api/2.0/fs/create-download-url", params=nothing).status_code == 404
