"""The pages and the schema of agreements say what the models check."""

import json
import re

import jsonschema
import pytest
import yaml

from tembaga.agreement_reference import as_schema, as_tables
from tembaga.settings import PROJECT

PAGE = PROJECT / "docs" / "agreement.md"
SCHEMA = PROJECT / "sftp_inbound" / "agreement.schema.json"
AGREEMENTS = sorted(PROJECT.glob("sftp_inbound/*/agreement.yml"))
AGAIN = "Run `pytest tests/unit/test_agreement_reference.py --accept`."


def test_the_page_shows_every_field(accept):
    page = PAGE.read_text(encoding="utf-8")
    marked = re.compile(r"(<!-- fields -->\n).*(<!-- /fields -->)", re.DOTALL)
    current = marked.sub(lambda found: f"{found[1]}\n{as_tables()}\n\n{found[2]}", page)
    if accept:
        PAGE.write_text(current, encoding="utf-8")

    assert page == current or accept, AGAIN


def test_the_schema_is_that_of_the_models(accept):
    current = as_schema() + "\n"
    if accept:
        SCHEMA.write_text(current, encoding="utf-8")

    assert accept or SCHEMA.read_text(encoding="utf-8") == current, AGAIN


def test_every_field_says_what_it_is():
    assert not [row for row in as_tables().splitlines() if re.match(r"\| `\w+` \|  \|", row)]


@pytest.mark.parametrize("path", AGREEMENTS, ids=lambda path: path.parent.name)
def test_the_agreements_in_the_tree_fit_the_schema(path):
    agreement = yaml.safe_load(path.read_text(encoding="utf-8"))

    jsonschema.validate(agreement, json.loads(as_schema()))
