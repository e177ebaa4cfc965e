"""Short texts in columns.  Pure."""

from collections.abc import Iterator, Sequence

from choria_core.padding import padded_width


def in_columns(texts: Sequence[str], columns: int) -> Iterator[str]:
    """Lines that fill one after the other, each as wide as its widest usual text."""
    rows = [texts[at : at + columns] for at in range(0, len(texts), columns)]
    widths = [padded_width(map(len, texts[column::columns])) for column in range(columns)]
    for row in rows:
        padded = (f"{text:<{width}}" for text, width in zip(row, widths, strict=False))
        yield f"    {'    '.join(padded)}".rstrip()


def down_columns(texts: Sequence[str], columns: int, width: int) -> Iterator[str]:
    """Lines whose columns fill one after the other, each ``width`` wide."""
    height = -(-len(texts) // columns)
    for row in range(height):
        cells = [
            texts[at] if at < len(texts) else "" for at in range(row, height * columns, height)
        ]
        yield f"    {' '.join(f'{cell:<{width}}' for cell in cells)}"
