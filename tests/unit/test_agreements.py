"""An agreement says all that differs between partners, and says it without a doubt."""

from pathlib import Path

import pytest
import yaml

from tembaga.agreements import AgreementError, load_agreements, read_agreement
from tembaga.patterns import may_overlap
from tembaga.settings import PROJECT

COLUMNS = ("document", "document_date", "advocate", "outlet", "sku", "quantity", "amount")
COLUMNS_OF = {name: {"header": name.title()} for name in COLUMNS}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICGnF4Z9lJyK3yqUZL7zVbWq5ELp0n5Z4mGQ8O4T0y0v north"
DISTRIBUTOR = {
    "partner": "north",
    "number": 2,
    "kind": "distributor",
    "name": "North",
    "programme": "demo",
    "language": "id",
    "contact": {"name": "Someone", "email": "someone@north.example"},
    "feeds": {
        "sales": {
            "files": "SALES_*.csv",
            "format": "csv",
            "currency": "IDR",
            "columns": COLUMNS_OF,
        }
    },
}
MERCHANT = {key: value for key, value in DISTRIBUTOR.items() if key != "feeds"} | {
    "partner": "south",
    "number": 1,
    "kind": "merchant",
}


def write(folder: Path, *agreements: dict, **changes: object) -> Path:
    for agreement in agreements:
        path = folder / agreement["partner"] / "agreement.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(agreement | changes), encoding="utf-8")
    return folder


def sales(**changes: object) -> dict:
    return {"feeds": {"sales": DISTRIBUTOR["feeds"]["sales"] | changes}}


@pytest.mark.parametrize("programme", ["demo", "online_retail"])
def test_the_agreements_in_the_tree_can_be_used(programme):
    assert load_agreements(PROJECT / "sftp_inbound", programme=programme)


def test_partners_of_a_programme_come_in_the_order_of_their_numbers(tmp_path):
    write(tmp_path, DISTRIBUTOR, MERCHANT)
    write(tmp_path, MERCHANT | {"partner": "west"}, programme="other")

    assert list(load_agreements(tmp_path, programme="demo")) == ["south", "north"]


def test_a_file_belongs_to_the_feed_whose_pattern_its_name_fits(tmp_path):
    agreements = load_agreements(write(tmp_path, DISTRIBUTOR, MERCHANT), programme="demo")

    assert agreements["north"].feed_of("SALES_1.csv") == agreements["north"].feeds.sales
    assert agreements["north"].feed_of("sales_1.csv") is None
    assert agreements["south"].feed_of("SALES_1.csv") is None


OUTLETS = {
    "files": "OUTLETS_*.csv",
    "format": "csv",
    "columns": {
        name: {"header": name} for name in ("outlet", "name", "address", "city", "province")
    },
}


OPENINGS = OUTLETS | {
    "files": "OPENING_*.csv",
    "columns": {
        name: {"header": name} for name in ("advocate", "points", "earned_on", "expires_on")
    },
}


def test_each_name_belongs_to_one_feed(tmp_path):
    feeds = {"feeds": DISTRIBUTOR["feeds"] | {"outlets": OUTLETS}}
    north = load_agreements(write(tmp_path, DISTRIBUTOR, **feeds), programme="demo")["north"]

    assert north.feed_of("OUTLETS_1.csv") == north.feeds.outlets
    assert north.feed_of("SALES_1.csv") == north.feeds.sales


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("SALES_*.csv", "OUTLETS_*.csv", False),
        ("*.csv", "OUTLETS_*.csv", True),
        ("A*B", "AxC", False),
        ("A*B", "A*C*B", True),
        ("A?", "AB", True),
        ("A?", "ABC", False),
        ("S_[0-9].csv", "S_1.csv", True),
        ("*a", "*b", False),
    ],
)
def test_patterns_that_could_both_fit_a_name_are_found(one, other, overlap):
    assert may_overlap(one, other) == may_overlap(other, one) == overlap


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"feeds": DISTRIBUTOR["feeds"] | {"outlets": OUTLETS | {"files": "*.csv"}}},
            "a file could be named for sales and for outlets: SALES_*.csv and *.csv",
        ),
        (
            {"kind": "merchant", "feeds": {"outlets": OUTLETS}},
            "a merchant does not send outlets",
        ),
        (
            {"feeds": DISTRIBUTOR["feeds"] | {"opening_balances": OPENINGS}},
            "a distributor does not send opening_balances",
        ),
        ({"feeds": {}}, "a distributor has a sales feed"),
        ({"kind": "merchant"}, "a merchant has none"),
        ({"number": 801}, "number: input should be less than or equal to 800; it says 801 (Ours;"),
        ({"surprise": 1}, "surprise: is no field here; there are contact, feeds, kind"),
        ({"langauge": "id"}, "langauge: is no field; did you mean language?"),
        ({"language": "fr"}, "language: 'fr' is none of 'id', 'en' (Of our answers"),
        ({"name": 7}, "name: write a text, in quotation marks if it looks like something else"),
        ({"contact": "Someone"}, "contact: write fields below it"),
        (sales(delimeter=";"), "feeds.sales.delimeter: is no field; did you mean delimiter?"),
        (sales(files=None), "feeds.sales.files: write a text"),
        (sales(not_products="FREIGHT"), "feeds.sales.not_products: write a list"),
        (sales(columns=COLUMNS_OF | {"sku": {"haeder": "Sku"}}), "did you mean header?"),
        (sales(columns=COLUMNS_OF | {"sku": {}}), "give either header or constant"),
        (
            sales(columns=COLUMNS_OF | {"sku": {"header": "A", "constant": "B"}}),
            "give either header or constant",
        ),
        (
            sales(columns=COLUMNS_OF | {"document": {"constant": "B"}}),
            "document differs from line to line: it needs a header",
        ),
        ({"public_keys": ["ssh-dss AAAA"]}, "public_keys: 'ssh-dss' begins no public key"),
        ({"public_keys": ["ssh-ed25519 AAA="]}, "public_keys: the key ssh-ed25519 AAA=… is damag"),
        ({"public_keys": ["-----BEGIN OPENSSH PRIVATE KEY-----"]}, "this is a private key"),
        (sales(decimal_mark=",", thousands_mark=","), "are the same"),
        (sales(currency="Rupiah"), "feeds.sales.currency"),
        (sales(columns={"sku": {"header": "Sku"}}), "feeds.sales.columns.document: is missing ("),
        (
            sales(columns={name: {"header": name} for name in (*COLUMNS, "unit_price")}),
            "give either amount or unit_price",
        ),
    ],
)
def test_what_is_wrong_is_said_with_file_and_field(tmp_path, changes, said):
    write(tmp_path, DISTRIBUTOR, **changes)

    with pytest.raises(AgreementError) as error:
        load_agreements(tmp_path, programme="demo")

    assert str(error.value).startswith("north/agreement.yml: ")
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "agreement: write fields below it"),
        ("- a\n- b\n", "agreement: write fields below it"),
        ("language: id\nlanguage: en\n", "line 2: language stands there twice"),
        ("date_format: %Y\n", "line 1: found character '%'"),
        ("a: b: c\n", "stands in quotation marks"),
        ("a: \x00\n", "cannot be read as YAML"),
    ],
)
def test_what_is_no_agreement_is_said_in_a_sentence(tmp_path, written, said):
    write(tmp_path, DISTRIBUTOR).joinpath("north/agreement.yml").write_text(written)

    with pytest.raises(AgreementError) as error:
        load_agreements(tmp_path, programme="demo")

    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_public_keys_and_several_contacts_may_stand_in_it(tmp_path):
    write(tmp_path, DISTRIBUTOR, public_keys=[KEY], other_contacts=[DISTRIBUTOR["contact"]])

    agreement = load_agreements(tmp_path, programme="demo")["north"]

    assert agreement.public_keys == (KEY,)
    assert agreement.other_contacts == (agreement.contact,)


def test_a_draft_with_fields_left_open_is_left_out_and_holds_up_nobody(tmp_path, caplog):
    write(tmp_path, MERCHANT)
    write(tmp_path, DISTRIBUTOR, **sales(columns=COLUMNS_OF | {"sku": {"header": "?? sku"}}))

    found = load_agreements(tmp_path, programme="demo")

    assert list(found) == ["south"]
    assert "still to be filled in: feeds.sales.columns.sku.header" in caplog.text
    assert read_agreement(tmp_path / "north/agreement.yml").partner == "north"
    assert len(load_agreements(tmp_path, programme="demo", drafts_too=True)) == 2


def test_an_agreement_lies_in_its_partners_folder(tmp_path):
    write(tmp_path, DISTRIBUTOR).joinpath("north").rename(tmp_path / "east")

    with pytest.raises(AgreementError, match="partner must be the folder's name, 'east'"):
        load_agreements(tmp_path, programme="demo")


def test_a_number_is_one_partners_own(tmp_path):
    write(tmp_path, DISTRIBUTOR, MERCHANT, number=7)

    with pytest.raises(AgreementError, match="number 7 is north's"):
        load_agreements(tmp_path, programme="demo")


def test_what_is_no_yaml_is_said_so(tmp_path):
    write(tmp_path, DISTRIBUTOR).joinpath("north/agreement.yml").write_bytes(b"\xff: [")

    with pytest.raises(AgreementError, match="cannot be read as YAML"):
        load_agreements(tmp_path, programme="demo")
