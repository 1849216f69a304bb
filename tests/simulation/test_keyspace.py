"""The keyspace in memory answers as a real server does: to commands drawn at random, in one run."""

import asyncio
from collections.abc import Iterator
from typing import Any, cast

import pytest
from redis import Redis
from redis.exceptions import ResponseError

from dara_fp.store.embedded import EmbeddedServer
from dara_fp.store.functions import SOURCE, Refusal
from tests.simulation.chance import Chance
from tests.simulation.redis.commands import perform
from tests.simulation.redis.keyspace import Keyspace, WrongType
from tests.simulation.redis.script import functions_of

_COMMANDS = 6_000
_LATER = 4_000_000_000_000
"""Milliseconds since 1970, so far ahead that nothing expires while a test runs."""

_TALK = b"""#!lua name=talk
local function echo(keys, args)
  local found = redis.call('HMGET', keys[1], 'there', 'not there')
  local count = redis.call('HINCRBY', keys[1], 'count', args[1])
  return {found[1], found[2], count, count / 4, {ok = 'fine'}, {}, true, {1, {2, 'three'}}, nil, 5}
end
redis.register_function('talk_echo', echo)
redis.register_function{function_name = 'talk_fail', callback = function(keys)
  return redis.call('HGET', keys[1], 'there') .. false
end, flags = {'no-writes'}}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    embedded = EmbeddedServer(tmp_path_factory.mktemp("keyspace"))
    asyncio.run(embedded.ensure())
    path = embedded.url.removeprefix("unix://")
    client: Any = Redis(unix_socket_path=path, protocol=2)
    yield client
    client.close()
    asyncio.run(embedded.stop())


def _drawn(chance: Chance, number: int) -> tuple[object, ...]:
    """Draw one command on one of few keys, so that kinds are mixed up now and then."""
    kind = chance.one(("h", "h", "s", "s", "z", "z", "z", "x", "k"))
    key = f"{chance.one('hszxk') if chance.happens(0.03) else kind}{chance.number(1, 2)}"
    one, other, score = (
        chance.one("abcde"),
        chance.one("abcde"),
        chance.one(("1", "2.5", "-3", "7")),
    )
    low, high = sorted([chance.number(-5, 9), chance.number(-5, 9)])
    limits = chance.one(((), ("WITHSCORES",), ("WITHSCORES", "LIMIT", 1, 2), ("LIMIT", 0, 1)))
    return chance.one(
        {
            "h": (
                ("HSET", key, one, number, other, "x"),
                *(("HSETNX", key, one, number), ("HINCRBY", key, "n", number % 5 - 2)),
                *(("HDEL", key, one, other), ("HGET", key, one), ("HMGET", key, one, "no", other)),
                *(("HGETALL", key), ("HEXISTS", key, one), ("HLEN", key), ("HKEYS", key)),
            ),
            "s": (
                *(("SADD", key, one, other), ("SREM", key, one, other), ("SISMEMBER", key, one)),
                *(("SMISMEMBER", key, one, "no", other), ("SCARD", key), ("SINTER", "s1", "s2")),
                ("SMEMBERS", key),
            ),
            "z": (
                *(("ZADD", key, score, one, low, other), ("ZADD", key, "NX", high, one)),
                *(("ZREM", key, one, other), ("ZSCORE", key, one), ("ZCARD", key)),
                *(
                    ("ZPOPMIN", key),
                    ("ZRANGE", key, low, high),
                    ("ZRANGE", key, 0, -1, "WITHSCORES"),
                ),
                ("ZRANGEBYSCORE", key, chance.one(("-inf", low, f"({low}")), high, *limits),
                ("ZREVRANGEBYSCORE", key, chance.one(("+inf", high)), low, *limits),
                ("ZCOUNT", key, low, f"({high}"),
            ),
            "x": (
                ("XADD", key, "MAXLEN", chance.number(1, 9), f"{number}-0", "field", number),
                *(
                    ("XRANGE", key, f"{number}-0", "+", "COUNT", 3),
                    ("XRANGE", key, "7-0", "+", "COUNT", 3),
                    ("XRANGE", key, "-", "+"),
                ),
                ("XLEN", key),
            ),
            "k": (
                *(("DEL", key, "h1"), ("EXISTS", key, "h1", "z2"), ("KEYS", "*")),
                *(("PEXPIREAT", "h2", _LATER), ("PERSIST", "h2"), ("PEXPIREAT", "z1", 1)),
            ),
        }[kind]
    )


def _words(command: tuple[object, ...]) -> list[bytes]:
    return [str(word).encode() for word in command]


def _from_server(server: Any, command: tuple[object, ...]) -> object:
    connection = server.connection_pool.get_connection()
    try:
        connection.send_command(*_words(command))
        return connection.read_response(disable_decoding=True)
    except ResponseError as error:
        return str(error).split()[0]
    finally:
        server.connection_pool.release(connection)


def _from_memory(space: Keyspace, command: tuple[object, ...]) -> object:
    try:
        return perform(space, _words(command))
    except WrongType:
        return "WRONGTYPE"


def _in_order(command: tuple[object, ...], reply: object) -> object:
    """Give *reply* without the order that a server does not promise."""
    if command[0] in {"SMEMBERS", "SINTER", "KEYS", "HKEYS"} and isinstance(reply, list):
        return sorted(cast("list[bytes]", reply))
    return reply


@pytest.mark.parametrize("seed", range(3))
def test_the_keyspace_answers_as_a_server_does(server: Any, seed: int) -> None:
    server.flushall()
    chance, space = Chance(seed, "keyspace"), Keyspace(clock=lambda: 1_900_000_000.0)
    for number in range(1, _COMMANDS):
        command = _drawn(chance, number)
        here, there = _from_memory(space, command), _from_server(server, command)
        assert _in_order(command, here) == _in_order(command, there), (number, command)


def test_functions_answer_as_on_a_server(server: Any) -> None:
    server.flushall()
    server.function_load(_TALK.decode(), replace=True)
    space = Keyspace(clock=lambda: 1_900_000_000.0)
    for command in (("HSET", "k", "there", "yes"), ("HSET", "other", "x", "1")):
        assert _from_memory(space, command) == _from_server(server, command)
    for arguments in (("talk_echo", 1, "k", 5), ("talk_echo", 1, "none", "-7")):
        here = functions_of(_TALK).run(space, _words(arguments))
        assert here == _from_server(server, ("FCALL", *arguments))
    failed = functions_of(_TALK).run(space, _words(("talk_fail", 1, "k")))
    assert isinstance(failed, Refusal)
    assert "attempt to concatenate a boolean value" in failed.text
    assert isinstance(_from_server(server, ("FCALL", "talk_fail", 1, "k")), str)


def test_the_store_s_functions_can_be_loaded_in_memory() -> None:
    assert functions_of(SOURCE).name.startswith("dara_")
