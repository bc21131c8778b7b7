//! A Redis Cluster of three masters.

use super::{RedisServer, eventually, free_port, process::run};
use std::process::Command;

/// A running cluster without replicas. Dropping it ends it.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<RedisServer>,
}

impl RedisCluster {
    /// Starts three masters that share the slots.
    ///
    /// # Panics
    /// When they do not start or do not find each other: it is a test.
    #[must_use]
    pub fn start() -> Self {
        let nodes: Vec<_> = (0..3).map(|_| node()).collect();
        let mut create = Command::new("redis-cli");
        create.args(["--cluster", "create"]);
        create.args(nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())));
        create.arg("--cluster-yes");
        let said = run(&mut create);
        for node in &nodes {
            eventually(&format!("the cluster is complete; redis-cli said: {said}"), || {
                let state = node.cli(&["CLUSTER", "INFO"]);
                state.contains("cluster_state:ok") && state.contains("cluster_slots_ok:16384")
            });
        }
        Self { nodes }
    }

    /// The masters.
    #[must_use]
    pub fn nodes(&self) -> &[RedisServer] {
        &self.nodes
    }

    /// One of the masters, to stop and restart.
    ///
    /// # Panics
    /// When there is no such one: it is a test.
    pub fn node_mut(&mut self, index: usize) -> &mut RedisServer {
        self.nodes.get_mut(index).expect("there are three masters")
    }

    /// Where they are.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(RedisServer::url).collect()
    }

    /// The master that holds `key`.
    ///
    /// # Panics
    /// When none does: it is a test.
    #[must_use]
    pub fn holder_of(&self, key: &str) -> &RedisServer {
        let holds = |node: &&RedisServer| !node.cli(&["EXISTS", key]).contains("MOVED");
        self.nodes.iter().find(holds).expect("every key has a master")
    }

    /// What redis-cli prints for a command, sent to the master of its key.
    ///
    /// # Panics
    /// When redis-cli is missing: it is a test.
    #[must_use]
    pub fn cli(&self, arguments: &[&str]) -> String {
        let all = [&["-c"], arguments].concat();
        self.nodes.first().map(|node| node.cli(&all)).unwrap_or_default()
    }
}

fn node() -> RedisServer {
    // Left alone it would be the port plus 10000, which need not be free or even exist.
    let bus = free_port().to_string();
    let pairs = [
        ["--cluster-enabled", "yes"],
        ["--cluster-port", bus.as_str()],
        ["--cluster-node-timeout", "2000"],
        // A test that takes one node away looks at what the others do.
        ["--cluster-require-full-coverage", "no"],
    ];
    RedisServer::start_with(&pairs.concat())
}
