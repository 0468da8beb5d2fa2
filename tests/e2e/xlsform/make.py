"""Makes the XLSForm workbooks that the tests read: `make.py FOLDER`. Rows of cells, nothing else."""
import sys
from pathlib import Path

from openpyxl import Workbook

SURVEY = ["type", "name", "label::中文 (zh)", "label::English (en)", "hint::中文 (zh)", "hint::English (en)", "required", "relevant", "constraint",
          "constraint_message::中文 (zh)", "constraint_message::English (en)"]
CHOICES = ["list_name", "name", "label::中文 (zh)", "label::English (en)"]

WHOLE = {
    "survey": [
        SURVEY,
        ["note", "hello", "先拍现场，再填表。", "Photograph first, then fill in."],
        ["begin group", "what", "情形", "What it is"],
        ["select_one matter", "matter", "事由", "Matter", None, None, "yes"],
        ["select_multiple seen", "seen", "所见", "Seen", "可多选", "More than one", "yes"],
        ["integer", "bikes", "单车数量", "Bikes", None, None, "yes", "${matter} = 'bikes'", ". > 0 and . <= 5000", "1 至 5000", "1 to 5000"],
        ["decimal", "area", "占用面积", "Area taken", None, None, None, "selected(${seen}, 'goods') or not(${matter} = 'bikes')", ". >= 0"],
        ["end group"],
        ["begin group", "who", "经营者", "Trader", None, None, None, "${matter} != 'bikes'"],
        ["text", "shop", "店招", "Name on the shop", None, None, "yes", None, "regex(., '^[^0-9]+$') and string-length(.) <= 40"],
        ["begin_group", "plain"],
        ["date", "warned", "上次劝导", "Warned on", None, None, None, "${shop} != ''", ". < today()", "应早于今天", "Before today"],
        ["end_group"],
        ["image", "front", "店面", "Shop front", None, None, "yes", "count-selected(${seen}) >= 1"],
        ["end group"],
        ["image", "panorama", "全景", "Panorama", None, None, "yes"],
        ["text", "address", "地址", "Address", None, None, "yes"],
    ],
    "choices": [
        CHOICES,
        ["matter", "stall", "占道设摊", "Stall"],
        ["matter", "bikes", "单车乱停放", "Bikes"],
        ["seen", "goods", "货物", "Goods"],
        ["seen", "bench", "桌椅", "Tables"],
        ["seen", 3, "三轮车", "Tricycle"],
    ],
    "settings": [["form_id", "version", "form_title", "default_language"], ["street-xls", 2026112301, "街面巡查", "中文 (zh)"]],
}

PLAIN = {
    "survey": [["type", "name", "label", "required"], ["text", "plate", "Plate", "yes"], ["photo", "car", "The car", "yes"], ["select_one yes_no", "towed", "Towed", None]],
    "choices": [["list_name", "name", "label"], ["yes_no", "yes", "Yes"], ["yes_no", "no", "No"]],
    "settings": [["form_id", "version", "form_title"], ["cars", "1.0", "Cars"]],
}

# pyxform takes it; a form of ours has no place for most of it.
LOSSY = {
    "survey": [
        ["type", "name", "label", "relevant", "constraint", "appearance", "default", "calculation", "required", "choice_filter", "label::Français (fr)"],
        ["start", "start"],
        ["text", "who", "Who", None, None, "multiline", "nobody", None, None, None, "Qui"],
        ["geopoint", "where", "Where"],
        ["calculate", "twice", None, None, None, None, None, "${n} * 2"],
        ["integer", "n", "How many", "${where} != ''", ". mod 2 = 0", None, None, None, "${who} = 'x'"],
        ["begin repeat", "people", "People"],
        ["text", "person", "Name"],
        ["end repeat"],
        ["select_one size or_other", "size", "Size"],
        ["decimal", "length", "Length of ${who}", "if(${n} = 1, 'a', 'b') = 'a'"],
        ["audio", "sound", "Sound"],
    ],
    "choices": [["list_name", "name", "label", "image"], ["size", "s", "Small", "s.png"], ["size", "l", "Large"]],
    "settings": [["form_id", "version", "form_title", "style"], ["lossy", "3", "Lossy", "pages"]],
}

FORMS = {"whole": WHOLE, "plain": PLAIN, "lossy": LOSSY}


def write(path, sheets):
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for name, sheets in FORMS.items():
        write(folder / f"{name}.xlsx", sheets)
