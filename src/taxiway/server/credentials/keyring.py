"""Which credential a workflow's Git reads use: its own, and at other hosts theirs.

What is asked for is opened at that moment, for that host, and handed to the Git layer alone.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from taxiway.environment.policy import Login
from taxiway.errors import Invalid
from taxiway.git.access import KINDS_BY_SCHEME, Credential
from taxiway.git.policy import GitPolicy
from taxiway.git.url import RepositoryUrl
from taxiway.redaction import Secret
from taxiway.server.audit.record import record
from taxiway.server.credentials import queries, service
from taxiway.server.credentials.service import subject_of
from taxiway.server.database import CredentialRow, Database, WorkflowRow, now
from taxiway.server.known_hosts.queries import known_hosts_text
from taxiway.server.vault.vault import Vault

INDEX_USER = "__token__"  # what package indexes want beside a token
_AGAIN_SECONDS = 600  # until the same use of a credential has another line in the record


@dataclass
class WorkflowKeyring:
    """`home` is the workflow's own repository: there its own credential is used or none. For
    what it names at other hosts (submodules, large files) the credential of that host is."""

    database: Database
    vault: Vault
    home: RepositoryUrl | None
    own: str | None
    _found: dict[tuple[str, str, int], Credential | None] = field(default_factory=dict)

    def for_url(self, url: RepositoryUrl) -> Credential | None:
        kind = KINDS_BY_SCHEME.get(url.scheme)
        if kind is None:
            return None
        place = (kind, url.host, url.port)
        if place not in self._found:
            self._found[place] = self._look_up(kind, url)
        return self._found[place]

    def _look_up(self, kind: str, url: RepositoryUrl) -> Credential | None:
        with self.database.reading() as session:
            row: CredentialRow | None = None
            if self.own is not None:
                row = session.get(CredentialRow, self.own)
            if self.home is None or _place(url) != _place(self.home):
                fits = row is not None and service.opened(row, self.vault).fits(url)
                row = row if fits else queries.for_host(session, kind, url.host, url.port)
            if row is None:
                return None
            credential = service.opened(row, self.vault)
        return credential if credential.fits(url) else None


def _place(url: RepositoryUrl) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port


@dataclass(frozen=True)
class Keyrings:
    """Makes the Git policy of each workflow: what all have in common, and its own keyring."""

    database: Database
    vault: Vault
    common: GitPolicy
    noted: dict[tuple[str, str, str], float] = field(default_factory=dict, compare=False)

    def for_workflow(self, workflow_id: str, repository: str | None) -> GitPolicy:
        """The policy for reading `repository` as the workflow `workflow_id` does now."""
        with self.database.reading() as session:
            workflow = session.get(WorkflowRow, workflow_id)
            own = workflow.git_credential_id if workflow else None
            name = workflow.name if workflow else workflow_id
        return self.for_repository(repository, own, reader=f"the workflow {name}")

    def for_repository(
        self, repository: str | None, credential_id: str | None, *, reader: str
    ) -> GitPolicy:
        """The policy for reading `repository` with this credential, or as a stranger."""
        home = RepositoryUrl.parse(repository) if repository else None

        def used(credential: Credential, url: RepositoryUrl) -> None:
            self.note_use(credential.id, url.text, reader)

        ring = WorkflowKeyring(self.database, self.vault, home, credential_id)
        access = replace(self.common.access, keyring=ring, known_hosts=self.known_hosts, used=used)
        return replace(self.common, access=access)

    def index_login(self, workflow_id: str) -> Login:
        """How a package index is logged in to: with the token that is kept for its host. The
        operator named the index, so it is every workflow's."""

        def login(index: str) -> tuple[str, Secret] | None:
            try:
                url = RepositoryUrl.parse(f"https://{urlsplit(index).netloc}/index")
            except Invalid:  # no host that a credential could be for
                return None
            with self.database.reading() as session:
                row = queries.for_host(session, "token", url.host, url.port)
                credential = service.opened(row, self.vault) if row else None
                workflow = session.get(WorkflowRow, workflow_id)
                name = workflow.name if workflow else workflow_id
            if credential is None or not credential.fits(url):
                return None
            self.note_use(credential.id, index, f"packages of the workflow {name}")
            return credential.username or INDEX_USER, credential.secret

        return login

    def note_use(self, credential_id: str, url: str, reader: str) -> None:
        """Record that the credential is being used, and for what. What one reader does with one
        repository again and again has a line in the record once in a while."""
        use, moment = (credential_id, url, reader), time.monotonic()
        is_told = moment - self.noted.get(use, -math.inf) < _AGAIN_SECONDS
        with self.database.writing() as session:
            row = queries.find(session, credential_id, lock=True)
            if row is None:
                return
            row.last_used_at, row.last_used_for = now(), url[:500]
            if not is_told:
                what = {"repository": url, "for": reader}
                record(session, "credential.use", **subject_of(row), after=what)
        if not is_told:
            self.noted[use] = moment

    def known_hosts(self) -> str:
        """OpenSSH's file of known hosts, as it is now."""
        with self.database.reading() as session:
            return known_hosts_text(session)
