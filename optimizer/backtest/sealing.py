"""A file's content with a mark of it in front, so that a damaged one is known before it is read."""

from hashlib import sha256

MARK_BYTES = sha256().digest_size


def sealed(content: bytes) -> bytes:
    """``content`` with its mark."""
    return sha256(content).digest() + content


def unsealed(raw: bytes) -> bytes | None:
    """The content; None where it is not what was sealed."""
    mark, content = raw[:MARK_BYTES], raw[MARK_BYTES:]
    return content if sha256(content).digest() == mark else None
