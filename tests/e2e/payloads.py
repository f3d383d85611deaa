"""What people and programs have smuggled through output to obey: two hundred of them, each known by its number."""

import re
from collections.abc import Iterator
from itertools import product

_ENDS = (b"\x07", b"\x1b\\", b"\x9c", b"\xc2\x9c", b"", b"\n")
_STRINGS = (
    b"]52;c;ZXZpbA==", b"]8;;http://evil.example/", b"]0;owned", b"]2;owned", b"]9;owned", b"]777;notify;a;b",
    b"]4;1;?", b"]10;?", b"]1337;File=inline=1:QQ==", b"P$qm", b"P+q544e", b"^private", b"_Gf=100;QQ==", b"Xstring",
)  # fmt: skip
_SEQUENCES = (
    b"[6n", b"[5n", b"[c", b"[>c", b"[21t", b"[18t", b"[2J", b"[3J", b"[H", b"[10;10H", b"[1;5r", b"[?1049l",
    b"[?1049h", b"[?25h", b"[?1000h", b"[?1006h", b"[?2004l", b"[?7h", b"[?5h", b"[4h", b"[20h", b"[>4;1m", b"[5i",
    b"[!p", b"[?1$p", b"[<u", b"[>31u", b"[100@", b"[100L", b"[100M", b"[100P", b"[100S", b"[100T", b"[100X", b"[100A",
    b"c", b"7", b"8", b"D", b"E", b"M", b"N", b"O", b"Z", b"(0", b")0", b"#8", b"%G", b"=", b">", b"~", b"n", b"o",
)  # fmt: skip
_C1 = (*tuple(bytes((194, code)) for code in range(128, 160)), b"\x9b6n", b"\x9d0;owned\x9c", b"\x90$qm\x9c")
_BARE = (
    b"\x07",
    b"\x08\x08\x08",
    b"\x0b",
    b"\x0c",
    b"\x0e",
    b"\x0f",
    b"\x7f",
    b"\x00",
    b"\x05",
    b"\x1b",
    b"\r\x1b[K",
)
_BIDI = tuple(
    chr(code).encode()
    for code in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
)
_MARKUP = (
    b"[/bold]",
    b"[bold red]",
    b"[@click=app.quit]x[/]",
    b"[/var/log]",
    b"\\[b]",
    b"[link=file:///etc/passwd]x",
)

# All that the console itself sends, apart from text.
_OURS = re.compile(
    r"\x1b\[(?:\d*(?:;\d*)?H|[\d;]*m|\d*[ABCD]|\d*;?\d*r|\d*[LM]|K|>\d*u|<u|\?2026\$p|\?2048\$p"
    r"|\?(?:7|25|1000|1002|1003|1004|1006|1015|1016|1049|2004|2026|2048)[hl])"
)
_FORBIDDEN = re.compile(
    "[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def payloads() -> Iterator[bytes]:
    """Yield them one by one; none holds a newline but where that is its end."""
    for body, end in product(_STRINGS, _ENDS):
        yield b"\x1b" + body + end.replace(b"\n", b"")
    for body in _SEQUENCES:
        yield b"\x1b" + body
    yield from _C1
    yield from _BARE
    yield from _BIDI
    yield from _MARKUP


def numbered() -> list[bytes]:
    """Return the payloads as lines of output, each between its number and an end that can be seen."""
    return [f"<{number:03}:".encode() + data + b">\n" for number, data in enumerate(payloads())]


def foreign(data: bytes) -> set[str]:
    """Return what is in the bytes that a terminal was sent and is neither text nor said by the console itself.

    Each is told with what stands around it.
    """
    left = _OURS.sub("", data.decode("utf-8", "surrogateescape"))
    return {left[max(0, found.start() - 20) : found.end() + 20] for found in _FORBIDDEN.finditer(left)}


def modes(data: bytes) -> list[bytes]:
    """Return every mode that was set or reset, in order."""
    return re.findall(rb"\x1b\[\?\d+[hl]", data)
