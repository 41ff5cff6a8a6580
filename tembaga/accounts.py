"""Accounts of the drop zone: with which keys a partner gets in, and how much room it has.

    OpenSSH   <drop_zone_accounts>/<partner>.json, read by sftp_inbound/server/keeper.py
    embedded  home/keys/<partner>.pub, read at every login

The drop zone sees a change within a second; nothing has to be started again.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path

import asyncssh

from tembaga.agreements import Agreement, load_agreements
from tembaga.embedded.sftp_server import add_partner
from tembaga.settings import Settings

QUOTA_BYTES = 10 * 1024**3
RSA_BITS_MIN = 2048

_KINDS = {"ssh-ed25519", "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"}
_KINDS |= {"ssh-rsa", *(f"ecdsa-sha2-nistp{bits}" for bits in (256, 384, 521))}


class AccountError(Exception):
    """A partner cannot be let in; the sentence says what is to be brought."""


def agreement_with(partner: str, *, settings: Settings) -> Agreement:
    """What was agreed with a partner.

    Raises:
        AccountError: Nothing was.
        AgreementError: An agreement cannot be used.
    """
    agreements = load_agreements(settings.agreements, programme=settings.programme)
    if partner not in agreements:
        raise AccountError(
            f"There is no agreement with {partner!r} in the programme {settings.programme}. Write "
            f"{settings.agreements.name}/{partner}/agreement.yml first."
        )
    return agreements[partner]


def add(
    agreement: Agreement,
    key_files: Iterable[Path],
    *,
    settings: Settings,
    quota_bytes: int = QUOTA_BYTES,
) -> int:
    """Let a partner in with the keys of these files, or else of its agreement; how many.

    A second call puts the new keys and quota in the place of the old ones.

    Raises:
        AccountError: There is no key, or one that nobody should log in with.
    """
    lines = [line for path in key_files for line in _read(path)]
    keys = public_keys(lines or getattr(agreement, "public_keys", ()))
    if not keys:
        raise AccountError(
            f"There is no key for {agreement.partner}. Ask the partner for its public key, and "
            "give it with --key, or write it under public_keys in the agreement."
        )
    let_in(
        agreement.partner,
        keys,
        is_merchant=agreement.kind == "merchant",
        settings=settings,
        quota_bytes=quota_bytes,
    )
    return len(keys)


def let_in(
    partner: str,
    keys: Iterable[str],
    *,
    is_merchant: bool,
    settings: Settings,
    quota_bytes: int = QUOTA_BYTES,
) -> None:
    """Open the account of a partner for these keys, as `public_keys` gives them."""
    if settings.drop_zone_accounts is None:
        _replace(settings.keys / f"{partner}.pub", "".join(f"{key}\n" for key in keys))
        add_partner(settings, partner, is_merchant=is_merchant)
        return
    folders = ["inbox", "received", "ack", *(["vouchers"] if is_merchant else [])]
    account = {"keys": list(keys), "folders": folders, "quota_bytes": quota_bytes}
    written = json.dumps(account, indent=2) + "\n"
    _replace(settings.drop_zone_accounts / f"{partner}.json", written)


def remove(partner: str, *, settings: Settings) -> bool:
    """Shut a partner out, and leave its files; whether it had been let in.

    The embedded drop zone lets in whoever has an agreement when it starts again.
    """
    accounts = settings.drop_zone_accounts
    path = accounts / f"{partner}.json" if accounts else settings.keys / f"{partner}.pub"
    was_in = path.exists()
    path.unlink(missing_ok=True)
    return was_in


def public_keys(lines: Iterable[str]) -> list[str]:
    """The keys, each once, as `ssh-ed25519 AAAA…` without remark.

    Raises:
        AccountError: A line is no public key, or one that is too weak.
    """
    found = (_public_key(line.strip()) for line in lines if line.strip()[:1] not in ("", "#"))
    return list(dict.fromkeys(found))


def _public_key(line: str) -> str:
    if "PRIVATE KEY" in line:
        raise AccountError(
            "This is a private key. Nobody but the partner should have it: ask for the file that "
            "ends in .pub, and for a new pair of keys."
        )
    kind, _, rest = line.partition(" ")
    if kind not in _KINDS:
        raise AccountError(
            f"A line begins with {kind[:40]!r} and is no public key as in `ssh-ed25519 AAAA…`."
        )
    try:
        key = asyncssh.import_public_key(f"{kind} {rest}")
    except asyncssh.KeyImportError as error:
        raise AccountError(f"The key {line[:40]}… is damaged: {error}") from error
    bits = getattr(key.pyca_key, "key_size", RSA_BITS_MIN)  # Other kinds have but one size.
    if kind == "ssh-rsa" and bits < RSA_BITS_MIN:
        raise AccountError(
            f"An RSA key of {bits} bits is too weak. Ask for an ed25519 key, or for "
            f"{RSA_BITS_MIN} bits or more."
        )
    return f"{kind} {rest.split()[0]}"


def _read(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise AccountError(f"The key file {path} cannot be read: {error}") from error


def _replace(path: Path, content: str) -> None:
    """Write a file whole: whoever reads it sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(content, encoding="utf-8")
    os.replace(part, path)
