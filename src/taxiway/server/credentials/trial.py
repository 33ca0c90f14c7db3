"""Trying a credential against a repository: what happens, told and not raised."""

from __future__ import annotations

from dataclasses import replace

from taxiway.errors import Denied, TaxiwayError
from taxiway.git import call, failures
from taxiway.git.access import Access, Credential, OneKey
from taxiway.git.policy import GitPolicy, Target, check
from taxiway.git.url import RepositoryUrl
from taxiway.server.credentials.schemas import CredentialTestResponse

_SECONDS = 30


def try_out(
    credential: Credential, url: RepositoryUrl, policy: GitPolicy
) -> CredentialTestResponse:
    """Ask the repository for its head with the credential. `policy` knows hosts and ways."""
    try:
        if not credential.fits(url):
            raise _elsewhere(credential, url)
        open_to_all = url.scheme == "https" and _answers(check(url, _as_stranger(policy))) is None
        access = replace(policy.access, keyring=OneKey(credential))
        error = _answers(check(url, replace(policy, access=access)))
        if error is not None:
            raise error
    except TaxiwayError as error:
        return CredentialTestResponse(
            ok=False,
            url=url.text,
            code=error.code,
            message=error.message,
            hint=error.hint or None,
            fingerprint=error.context.get("fingerprint"),
        )
    message = f"{url} can be read with it"
    hint = (
        "But anybody may read it, so this says nothing of the credential." if open_to_all else None
    )
    return CredentialTestResponse(
        ok=True, url=url.text, code=None, message=message, hint=hint, fingerprint=None
    )


def _answers(target: Target) -> TaxiwayError | None:
    """None when the remote tells its head; else why not."""
    done = call.run(["ls-remote", "--", target.text, "HEAD"], target=target, timeout=_SECONDS)
    return None if done.returncode == 0 else failures.explain(done, target)


def _as_stranger(policy: GitPolicy) -> GitPolicy:
    return replace(policy, access=replace(policy.access, keyring=Access.none().keyring))


def _elsewhere(credential: Credential, url: RepositoryUrl) -> Denied:
    if url.host == credential.host and credential.port in (None, url.port):
        wanted = "ssh" if credential.kind == "ssh" else "https"
        return Denied(
            "credential-kind-mismatch",
            f"A credential of kind {credential.kind} cannot be used over {url.scheme}",
            hint=f"Use the repository's {wanted} address.",
        )
    port = f":{credential.port}" if credential.port else ""
    return Denied(
        "credential-host-mismatch",
        f"The credential is for {credential.host}{port} and was not sent to {url.authority}",
        hint=f"Make a credential for {url.host}.",
    )
