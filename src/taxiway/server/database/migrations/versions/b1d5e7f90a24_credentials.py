"""Credentials, known hosts, and the credential of a workflow."""

from __future__ import annotations

import base64
import hashlib
import uuid
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "b1d5e7f90a24"
down_revision = "a4e6c8d0f213"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

# As the hosts publish them themselves: docs.github.com "GitHub's SSH key fingerprints",
# docs.gitlab.com "GitLab.com settings", support.atlassian.com "Configure SSH and two-step
# verification". The fingerprints there are compared by a test.
_ECDSA = "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBB"
PUBLISHED = (
    ("github.com", "ssh-ed25519",
     "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"),
    ("github.com", "ecdsa-sha2-nistp256",
     _ECDSA + "EmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++"
     "Tpockg="),
    ("github.com", "ssh-rsa",
     "AAAAB3NzaC1yc2EAAAADAQABAAABgQCj7ndNxQowgcQnjshcLrqPEiiphnt+VTTvDP6mHBL9j1aNUkY4Ue1gvwnGLVlO"
     "hGeYrnZaMgRK6+PKCUXaDbC7qtbW8gIkhL7aGCsOr/C56SJMy/BCZfxd1nWzAOxSDPgVsmerOBYfNqltV9/hWCqBywIN"
     "IR+5dIg6JTJ72pcEpEjcYgXkE2YEFXV1JHnsKgbLWNlhScqb2UmyRkQyytRLtL+38TGxkxCflmO+5Z8CSSNY7GidjMIZ"
     "7Q4zMjA2n1nGrlTDkzwDCsw+wqFPGQA179cnfGWOWRVruj16z6XyvxvjJwbz0wQZ75XK5tKSb7FNyeIEs4TT4jk+S4dh"
     "PeAUC5y+bDYirYgM4GC7uEnztnZyaVWQ7B381AK4Qdrwt51ZqExKbQpTUNn+EjqoTwvqNj4kqx5QUCI0ThS/YkOxJCXm"
     "PUWZbhjpCg56i+2aB6CmK2JGhn57K5mj0MNdBXA4/WnwH6XoPWJzK5Nyu2zB3nAZp+S5hpQs+p1vN1/wsjk="),
    ("gitlab.com", "ssh-ed25519",
     "AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf"),
    ("gitlab.com", "ecdsa-sha2-nistp256",
     _ECDSA + "FSMqzJeV9rUzU4kWitGjeR4PWSa29SPqJ1fVkhtj3Hw9xjLVXVYrU9QlYWrOLXBpQ6KWjbjTDTdDkoohF"
     "zgbEY="),
    ("gitlab.com", "ssh-rsa",
     "AAAAB3NzaC1yc2EAAAADAQABAAABAQCsj2bNKTBSpIYDEGk9KxsGh3mySTRgMtXL583qmBpzeQ+jqCMRgBqB98u3z++J"
     "1sKlXHWfM9dyhSevkMwSbhoR8XIq/U0tCNyokEi/ueaBMCvbcTHhO7FcwzY92WK4Yt0aGROY5qX2UKSeOvuP4D6TPqKF"
     "1onrSzH9bx9XUf2lEdWT/ia1NEKjunUqu1xOB/StKDHMoX4/OKyIzuS0q/T1zOATthvasJFoPrAjkohTyaDUz2LN5JoH"
     "839hViyEG82yB+MjcFV5MU3N1l1QL3cVUCh93xSaua1N85qivl+siMkPGbO5xR/En4iEY6K2XPASUEMaieWVNTRCtJ4S"
     "8H+9"),
    ("bitbucket.org", "ssh-ed25519",
     "AAAAC3NzaC1lZDI1NTE5AAAAIIazEu89wgQZ4bqs3d63QSMzYVa0MuJ2e2gKTKqu+UUO"),
    ("bitbucket.org", "ecdsa-sha2-nistp256",
     _ECDSA + "PIQmuzMBuKdWeF4+a2sjSSpBK0iqitSQ+5BM9KhpexuGt20JpTVM7u5BDZngncgrqDMbWdxMWWOGtZ9Ug"
     "bqgZE="),
    ("bitbucket.org", "ssh-rsa",
     "AAAAB3NzaC1yc2EAAAADAQABAAABgQDQeJzhupRu0u0cdegZIa8e86EG2qOCsIsD1Xw0xSeiPDlCr7kq97NLmMbpKTX6"
     "Esc30NuoqEEHCuc7yWtwp8dI76EEEB1VqY9QJq6vk+aySyboD5QF61I/1WeTwu+deCbgKMGbUijeXhtfbxSxm6JwGrXr"
     "hBdofTsbKRUsrN1WoNgUa8uqN1Vx6WAJw1JHPhglEGGHea6QICwJOAr/6mrui/oB7pkaWKHj3z7d1IC4KWLtY47elvjb"
     "aTlkN04Kc/5LFEirorGYVbt15kAUlqGM65pk6ZBxtaO3+30LVlORZkxOh+LKL/BvbZ/iRNhItLqNyieoQj/uh/7Iv4uy"
     "H/cV/0b4WDSd3DptigWq84lJubb9t/DnZlrJazxyDCulTmKdOR7vs9gMTo+uoIrPSb8ScTtvw65+odKAlBj59dhnVp9z"
     "d7QUojOpXlL62Aw56U4oO+FALuevvMjiWeavKhJqlR7i5n9srYcrNV7ttmDw7kf/97P5zauIhxcjX+xHv4M="),
)  # fmt: skip


def upgrade() -> None:
    op.add_column("workflows", sa.Column("git_credential_id", sa.String(36)))
    op.create_index("ix_workflows_git_credential_id", "workflows", ["git_credential_id"])
    _credentials()
    hosts = op.create_table(
        "known_hosts",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("port", sa.Integer, nullable=False),
        sa.Column("key_type", sa.String(50), nullable=False),
        sa.Column("public_key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.String(100), nullable=False),
        sa.Column("note", sa.String(500)),
        sa.Column("created_at", MOMENT, nullable=False),
    )
    op.create_index("ix_known_hosts_host_id", "known_hosts", ["host", "id"])
    op.create_index(
        "uq_known_hosts_host_port_fingerprint",
        "known_hosts",
        ["host", "port", "fingerprint"],
        unique=True,
    )
    op.bulk_insert(hosts, [_row(*published) for published in PUBLISHED])


def _credentials() -> None:
    op.create_table(
        "credentials",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("port", sa.Integer),
        sa.Column("username", sa.String(255)),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("fingerprint", sa.String(100), nullable=False),
        sa.Column("public_key", sa.Text),
        sa.Column("last_used_at", MOMENT),
        sa.Column("last_used_for", sa.String(500)),
        sa.Column("edited_at", MOMENT),
        sa.Column("edited_by", sa.String(100)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
    )
    op.create_index("ix_credentials_name_id", "credentials", ["name", "id"])
    op.create_index(
        "ix_credentials_host_kind_created_at_id",
        "credentials",
        ["host", "kind", "created_at", "id"],
    )
    op.create_table(
        "secret_keys",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("proof", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
    )


def _row(host: str, key_type: str, key: str) -> dict[str, object]:
    digest = base64.b64encode(hashlib.sha256(base64.b64decode(key)).digest()).decode()
    return {
        "id": str(uuid.uuid4()),
        "host": host,
        "port": 0,
        "key_type": key_type,
        "public_key": key,
        "fingerprint": f"SHA256:{digest.rstrip('=')}",
        "note": "Published by the host; came with Taxiway.",
        "created_at": datetime.now(UTC),
    }


def downgrade() -> None:
    op.drop_table("known_hosts")
    op.drop_table("secret_keys")
    op.drop_table("credentials")
    op.drop_index("ix_workflows_git_credential_id", "workflows")
    op.drop_column("workflows", "git_credential_id")
