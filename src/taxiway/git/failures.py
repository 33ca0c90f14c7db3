"""What git's last words mean: from its exit status and stderr to an error of ours."""

from __future__ import annotations

import re

from taxiway.errors import Denied, Invalid, NotFound, TaxiwayError, Unavailable
from taxiway.git import transport
from taxiway.git.policy import Target, TreeLimits
from taxiway.process import Completed

_AGAIN = "It may be a passing fault: try again. Else check the network and the Git host."


def refuses_bare_commit(done: Completed) -> bool:
    """The server gives only what a ref names."""
    return bool(
        re.search(r"unadvertised object|not our ref|no such remote ref", done.complaint, re.I)
    )


def is_rate_limited(done: Completed) -> bool:
    """The server has had enough of us for now."""
    return bool(re.search(r"error: 429\b", done.complaint))


def explain(done: Completed, target: Target) -> TaxiwayError:
    """The error for a git call that spoke to `target` and failed."""
    words = done.complaint
    for pattern, make in _MEANINGS:
        if re.search(pattern, words, re.IGNORECASE):
            return make(target, words)
    return Unavailable(
        "repository-unreachable",
        f"{target.url} could not be read: {_last_line(words) or f'git ended with {done.returncode}'}",
        hint=_AGAIN,
    )


def stalled(target: Target, seconds: float) -> Unavailable:
    return Unavailable(
        "repository-stalled",
        f"{target.url} did not answer in full within {seconds:g} s",
        hint=_AGAIN,
    )


def branch_not_found(target: Target, branch: str) -> NotFound:
    return NotFound(
        "branch-not-found",
        f"There is no branch {branch} in {target.url}",
        hint="Check the name; was the branch deleted, or never pushed?",
        branch=branch,
    )


def ref_not_found(target: Target, text: str) -> NotFound:
    return NotFound(
        "ref-not-found",
        f"There is no branch, tag or commit {text} in {target.url}",
        hint="Check the name; was it deleted, or never pushed?",
        ref=text,
    )


def commit_not_found(target: Target, commit: str) -> NotFound:
    return NotFound(
        "commit-not-found",
        f"There is no commit {commit} in {target.url}",
        hint="Was it pushed? After a force-push the Git host may have removed it.",
        commit=commit,
    )


def too_large(target: Target, limits: TreeLimits) -> Invalid:
    return Invalid(
        "repository-too-large",
        f"The files of one commit of {target.url} take more than the limit of "
        f"{limits.pack_bytes:,} bytes to transfer",
        hint="Move large data out of the repository.",
        limit=limits.pack_bytes,
    )


def _last_line(words: str) -> str:
    lines = [line for line in words.splitlines() if line.startswith(("fatal:", "error:"))]
    return lines[-1].split(":", 1)[1].strip() if lines else words[-300:]


def _not_found(target: Target, words: str) -> TaxiwayError:
    return NotFound(
        "repository-not-found",
        f"There is no repository at {target.url}",
        hint="Check the address; a private repository looks the same as none to strangers.",
    )


def _needs_credentials(target: Target, words: str) -> TaxiwayError:
    if target.credential is not None:
        return Denied(
            "credential-refused",
            f"{target.url} does not accept the credential, or does not exist",
            hint="Has the token or key expired, or been revoked? May it read this repository?",
            credential=target.credential.id,
        )
    return Denied(
        "repository-needs-credentials",
        f"{target.url} asks for a user name and password, or does not exist",
        hint="Check the address; a private repository needs a credential in git_credential_id.",
    )


def _host_key(target: Target, words: str) -> TaxiwayError:
    """The host showed a key that is not among its known ones, or has none."""
    alias = transport.host_key_alias(target.url.host, target.url.port)
    kind, fingerprint = transport.offered_key(target) or ("", "unknown")
    remedy = f"`taxiway known-hosts add {alias} --fingerprint {fingerprint}`"
    changed = "IDENTIFICATION HAS CHANGED" in words
    return Denied(
        "host-key-changed" if changed else "host-key-unknown",
        f"{alias} shows {'another' if changed else 'a'} host key "
        f"{'than the known one' if changed else 'that is not known'}: {kind} {fingerprint}".strip(),
        hint="Somebody may sit in between. Ask who runs the host, or look at what it publishes; "
        f"if the fingerprint is right, {'remove the old key and ' if changed else ''}run {remedy}.",
        host=alias,
        kind=kind,
        fingerprint=fingerprint,
    )


def _unusable_key(target: Target, words: str) -> TaxiwayError:
    return Invalid(
        "credential-invalid",
        f"ssh cannot read the private key of the credential for {target.url.host}",
        hint="Give the credential another key, in OpenSSH's own format.",
    )


def _proxy_refuses(target: Target, words: str) -> TaxiwayError:
    return Unavailable(
        "proxy-refused",
        f"The proxy does not let {target.url.host} through: {_last_line(words)}",
        hint="Check TAXIWAY_PROXY, and what the proxy allows.",
    )


def _redirects(target: Target, words: str) -> TaxiwayError:
    return Invalid(
        "repository-redirects",
        f"{target.url} answers with a redirect, which is not followed",
        hint="Was the repository renamed or moved? Open the address in a browser and use the new one.",
    )


def _certificate(target: Target, words: str) -> TaxiwayError:
    return Denied(
        "certificate-not-trusted",
        f"The certificate of {target.url.host} is not trusted: {_last_line(words)}",
        hint="For a private authority set TAXIWAY_CA_BUNDLE to a file of its certificates.",
    )


def _malformed(target: Target, words: str) -> TaxiwayError:
    return Invalid(
        "repository-malformed",
        f"{target.url} sent objects that git refuses: {_last_line(words)}",
        hint="Run `git fsck --strict` in a clone; the objects named there must be rewritten.",
    )


def _object_format(target: Target, words: str) -> TaxiwayError:
    return Invalid(
        "object-format-unsupported",
        f"{target.url} uses another object format than SHA-1",
        hint="Only repositories with SHA-1 object ids can be used as yet.",
    )


def _stalled(target: Target, words: str) -> TaxiwayError:
    return Unavailable("repository-stalled", f"The transfer from {target.url} stalled", hint=_AGAIN)


def _endless(target: Target, words: str) -> TaxiwayError:
    return Invalid(
        "repository-too-large",
        f"{target.url} lists more refs than there is memory for",
        hint="Remove refs that nobody needs, or ask who runs the Git host.",
    )


def _rate_limited(target: Target, words: str) -> TaxiwayError:
    return Unavailable(
        "repository-rate-limited",
        f"{target.url.host} answers that it was asked too often",
        hint="Wait some minutes, then try again; a credential often has a higher limit.",
    )


def _disk_full(target: Target, words: str) -> TaxiwayError:
    return Unavailable(
        "disk-full",
        f"No room in the cache for the mirror of {target.url}",
        hint="Free some space on the cache's disk, then try again.",
    )


_MEANINGS = (
    (r"no space left on device|disk quota exceeded", _disk_full),
    (r"fsck error|: (error in object|not a valid object)|badTree|hasDot|duplicateEntries", _malformed),
    (r"host key verification failed|host key is known for", _host_key),
    (r"error in libcrypto|invalid format|invalid private key", _unusable_key),
    (r"from proxy after CONNECT|the proxy refused|CONNECT tunnel failed|error: 407", _proxy_refuses),
    (r"permission denied \(|could not read username|could not read password|authentication failed|error: 40[13]\b", _needs_credentials),
    (r"error: 429\b", _rate_limited),
    (r"out of memory", _endless),
    (r"error: 404\b|repository '.*' not found|not a git repository|does not appear to be a git|repository not found|project you were looking for", _not_found),
    (r"error: 30\d\b|unable to update url base|redirect", _redirects),
    (r"certificate|CAfile", _certificate),
    (r"mismatched algorithms|object.format", _object_format),
    (r"operation too slow|timed out|timeout", _stalled),
)  # fmt: skip
