#!/usr/bin/env python3
"""Makes report-sans.otf out of Noto Sans CJK SC Regular: see README.md. Needs Debian's fonts-noto-cjk and unicode-data, and fonttools from PyPI."""

import bz2
import os
import subprocess

SOURCE = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
FACE = 2  # Noto Sans CJK SC
UNIHAN = "/usr/share/unicode/Unihan_OtherMappings.txt.bz2"
HERE = os.path.dirname(os.path.abspath(__file__))


def general_standard():
    """通用规范汉字表, 8105 characters."""
    for line in bz2.open(UNIHAN, "rt"):
        fields = line.split("\t")
        if len(fields) > 2 and fields[1] == "kTGH":
            yield int(fields[0][2:], 16)


def gb2312():
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                yield ord(bytes([row, cell]).decode("gb2312"))
            except UnicodeDecodeError:
                pass


def signs():
    for first, last in [(0x20, 0x7E), (0xA0, 0x17F), (0x2010, 0x203F), (0x2460, 0x2473), (0x3000, 0x301F), (0xFF01, 0xFF5E)]:
        yield from range(first, last + 1)
    yield from [0x20AC, 0x2103, 0x2122, 0x2190, 0x2191, 0x2192, 0x2193, 0x2212, 0x2260, 0x2261, 0x2264, 0x2265,
                0x25A1, 0x25CB, 0x25CF, 0x2713, 0x2717, 0x33A1, 0xFFFD]


characters = sorted({*general_standard(), *gb2312(), *signs()})
subprocess.run(
    ["pyftsubset", SOURCE, f"--font-number={FACE}", "--unicodes=" + ",".join(f"{c:X}" for c in characters), "--layout-features=",
     "--no-hinting", "--notdef-outline", "--drop-tables+=BASE,GSUB,GPOS,VORG,vhea,vmtx,DSIG,GDEF", "--name-IDs=0,1,2,3,4,5,6,13,14",
     "--output-file=" + os.path.join(HERE, "report-sans.otf")],
    check=True,
)
print(len(characters), "characters")
