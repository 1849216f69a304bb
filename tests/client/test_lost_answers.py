"""Files whose first try was done although its answer was lost."""

import httpx
import pytest
import respx

from dara_fp.databricks.errors import AlreadyExists, NotFound
from dara_fp.databricks.workspace import Workspace
from tests.client.stage import VirtualTime
from tests.client.volume import MIB, PATH, QUOTED, Volume, stream

NOW = "Tue, 24 Nov 2026 00:10:00 GMT"
OLD = "Tue, 24 Nov 2026 00:09:58 GMT"


def there(length: int, *, changed: str | None = NOW, told: str | None = NOW) -> httpx.Response:
    said = {"Content-Length": str(length), "Last-Modified": changed, "Date": told}
    return httpx.Response(200, headers={name: value for name, value in said.items() if value})


@pytest.mark.parametrize(
    ("first", "found", "stored"),
    [
        (httpx.ReadError("cut"), there(3), True),
        (httpx.Response(504), there(3), True),
        (httpx.ReadError("cut"), there(4), False),  # another's file
        (httpx.ReadError("cut"), there(3, changed=OLD), False),  # which was there before
        (httpx.ReadError("cut"), there(3, changed=None), False),
        (httpx.ReadError("cut"), there(3, told=None), False),
        (httpx.ReadError("cut"), there(3, changed="yesterday"), False),
        (httpx.ReadError("cut"), httpx.Response(404), False),
        (httpx.Response(503), there(3), False),  # the first try was not done
    ],
)
async def test_a_file_whose_answer_was_lost_does_not_stand_in_its_own_way(
    wire: respx.MockRouter,
    workspace: Workspace,
    *,
    first: httpx.Response | Exception,
    found: httpx.Response,
    stored: bool,
) -> None:
    conflict = httpx.Response(409, json={"error_code": "ALREADY_EXISTS", "message": "is there"})
    wire.put(path=httpx.URL(QUOTED).path).mock(side_effect=[first, conflict])
    wire.head(path=httpx.URL(QUOTED).path).mock(return_value=found)
    if stored:
        assert await workspace.files.upload(PATH, b"abc", overwrite=False) == 3
        return
    with pytest.raises(AlreadyExists, match="is there"):
        await workspace.files.upload(PATH, b"abc", overwrite=False)


async def test_a_file_counts_as_stored_from_the_beginning_of_its_upload_on(
    wire: respx.MockRouter, workspace: Workspace, time: VirtualTime
) -> None:
    """The pause between the tries, of 30 s here, lies after the try that stored the file."""
    late = httpx.Response(504, headers={"Retry-After": "30"})
    conflict = httpx.Response(409, json={"error_code": "ALREADY_EXISTS", "message": "is there"})
    wire.put(path=httpx.URL(QUOTED).path).mock(side_effect=[late, conflict, late, conflict])
    early = "Tue, 24 Nov 2026 00:09:30 GMT"
    route = wire.head(path=httpx.URL(QUOTED).path)
    route.mock(return_value=there(3, changed=early))
    assert await workspace.files.upload(PATH, b"abc", overwrite=False) == 3
    assert 30 <= sum(time.naps) < 31
    route.mock(return_value=there(3, changed=early.replace("09:30", "09:28")))
    with pytest.raises(AlreadyExists, match="is there"):
        await workspace.files.upload(PATH, b"abc", overwrite=False)


@pytest.mark.parametrize(("length", "stored"), [(9 * MIB, True), (8 * MIB, False)])
async def test_a_lost_answer_to_the_completion_of_an_upload_is_looked_into(
    wire: respx.MockRouter, volume: Volume, workspace: Workspace, *, length: int, stored: bool
) -> None:
    def completed(request: httpx.Request) -> httpx.Response:
        if "complete-upload" in volume.events:
            return httpx.Response(404, json={"error_code": "NOT_FOUND", "message": "no session"})
        answer = volume.post(request)
        if volume.events[-1] == "complete-upload":
            raise httpx.ReadError("cut")
        return answer

    wire.post(path=httpx.URL(QUOTED).path).mock(side_effect=completed)
    wire.head(path=httpx.URL(QUOTED).path).mock(return_value=there(length))
    uploading = workspace.files.upload(PATH, stream(bytes(9 * MIB)))
    if stored:
        assert await uploading == 9 * MIB
        assert volume.events[-1] == "complete-upload"
        return
    with pytest.raises(NotFound, match="no session"):
        await uploading


@pytest.mark.parametrize("kind", ["files", "directories"])
async def test_what_a_try_with_a_lost_answer_deleted_is_deleted(
    wire: respx.MockRouter, workspace: Workspace, kind: str
) -> None:
    files = workspace.files
    delete = files.delete if kind == "files" else files.delete_directory
    route = wire.delete(f"/api/2.0/fs/{kind}/Volumes/a")
    route.mock(side_effect=[httpx.ReadError("cut"), httpx.Response(404)])
    await delete("/Volumes/a")
    route.mock(side_effect=[httpx.Response(429), httpx.Response(404)])
    with pytest.raises(NotFound):
        await delete("/Volumes/a")
    assert route.call_count == 4
