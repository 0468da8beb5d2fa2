"""What pyxform makes of a workbook: `convert.py FILE` prints its questions as JSON, after pyxform has made its XForm of it."""
import json
import sys

from pyxform.xls2json import workbook_to_json
from pyxform.xls2json_backends import xlsx_to_dict
from pyxform.xls2xform import convert


def questions(element, groups=()):
    for child in element.get("children", []):
        kind = child.get("type")
        if kind in ("group", "repeat") and child.get("name") == "meta":
            continue
        if kind in ("group", "repeat"):
            yield from questions(child, (*groups, child))
            continue
        yield {
            "type": kind,
            "name": child.get("name"),
            "label": child.get("label"),
            "list": child.get("list_name") or child.get("itemset"),
            "choices": [choice.get("name") for choice in child.get("choices") or []],
            "bind": child.get("bind") or {},
            "relevant": [group["bind"]["relevant"] for group in groups if group.get("bind", {}).get("relevant")],
        }


path = sys.argv[1]
made = convert(xlsform=path)
survey = made._pyxform if hasattr(made, "_pyxform") else workbook_to_json(xlsx_to_dict(path), form_name="data")
lists = {name: [choice["name"] for choice in choices] for name, choices in (survey.get("choices") or {}).items()}
json.dump({"xform": made.xform, "questions": list(questions(survey)), "lists": lists, "id": survey.get("id_string"), "version": survey.get("version")}, sys.stdout, ensure_ascii=False)
