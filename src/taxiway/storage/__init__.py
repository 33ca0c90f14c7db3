"""The storage (the contract between server and workers) and the cache of one host.

    <storage>/                            file:///…, s3://…, gs://…
    ├── bundles/<generation>.json         256 shards, by digest; create-if-absent; the highest is current
    ├── shards/<digest>.json              dag_id → DAG digest and release digest
    ├── dags/<digest>.py                  generated DAG files
    ├── releases/<digest>.json            sealed releases
    ├── snapshots/<tree>.json             the layers that make the files of one tree
    ├── layers/<digest>.tar.zst
    ├── locks/<key>.txt                   resolved dependencies, with hashes
    └── values/<digest>                   large task results

    <cache>/                              per host, local disk, evictable, shared by its processes
    ├── mirrors/<repository>/             server only
    ├── snapshots/<tree>/                 read-only; present means complete
    ├── environments/<key>/               read-only; present means complete
    ├── releases/<digest>.json · values/<digest> · dags/<digest>.py
    ├── .marks/                           what each entry must be, and its byte-code
    ├── .damaged/                         entries that were not what they must be; for a week
    └── .locks/ · .building/              how entries are made; never read

No git, no packages, no HTTP of ours here: bytes, files and locks.
"""
