"""Several servers on one PostgreSQL."""

import shutil

from conftest import Server, shared_cluster


class Nodes:
    """Nodes that share a store; each has a data folder and a copy of the root key."""

    def __init__(self, folder, cluster=None, store=None, environment=None, settings=""):
        self.folder = folder
        self.cluster = cluster or shared_cluster()
        self.store = store or self.cluster.database()
        self.environment = environment or {}
        self.settings = folder / "keywright.toml"
        self.settings.write_text(settings, encoding="utf-8")
        self.nodes = []

    def add(self, store=None, start=True, environment=None):
        node = Server(
            self.folder / f"node-{len(self.nodes)}", store=store or self.store,
            arguments=["--config", str(self.settings)], environment={**self.environment, **(environment or {})},
        )
        if self.nodes:
            node.data.mkdir(parents=True, mode=0o700)
            shutil.copy(self.nodes[0].data / "root.key", node.data / "root.key")
            node.credentials_of = self.nodes[0]
        self.nodes.append(node)
        return node.start() if start else node

    def database(self, statements):
        return self.cluster.sql(self.store, statements)

    def stop(self):
        for node in self.nodes:
            if node.process is not None:
                node.stop()
