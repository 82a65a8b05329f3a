//! Several nodes on one PostgreSQL and one NATS, as an operator would run them.

use std::net::SocketAddr;

use anyhow::Result;
use tim_rig::{Nats, Node, NodeSettings, Postgres, node};

/// What a cluster stands on.
#[derive(Debug)]
pub struct Engines {
    /// With the database [`DATABASE`].
    pub postgres: Postgres,
    /// The bus.
    pub nats: Nats,
    database: String,
}

/// The database of the nodes.
pub const DATABASE: &str = "chat";

impl Engines {
    /// Both, running, the database empty.
    ///
    /// # Errors
    /// When one of them is not installed or does not start.
    pub async fn start() -> Result<Self> {
        let (postgres, nats) = tokio::try_join!(Postgres::start(), Nats::start())?;
        let database = postgres.create_database(DATABASE).await?;
        Ok(Self { postgres, nats, database })
    }

    /// The settings of a node on them.
    #[must_use]
    pub fn settings(&self, name: &str) -> NodeSettings {
        NodeSettings {
            database: Some(self.database.clone()),
            bus: Some(self.nats.url()),
            name: Some(name.to_owned()),
            ..NodeSettings::default()
        }
    }

    /// A number from the database.
    ///
    /// # Errors
    /// When the database does not answer, or with something else.
    pub async fn count(&self, statement: &str) -> Result<u64> {
        Ok(self.postgres.sql(DATABASE, statement).await?.trim().parse()?)
    }

    /// How many instances are connected to the node of that name, as the database knows it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn connected_to(&self, name: &str) -> Result<u64> {
        let statement = format!(
            "SELECT count(*) FROM session JOIN node ON node.key = session.node \
             WHERE node.state::json->>'name' = '{name}'"
        );
        self.count(&statement).await
    }
}

/// Nodes named `node0`, `node1`, … and what they stand on.
#[derive(Debug)]
pub struct Cluster {
    // Dropped in this order: nodes do not see their engines end.
    /// The nodes.
    pub nodes: Vec<Node>,
    /// PostgreSQL and NATS.
    pub engines: Engines,
}

impl Cluster {
    /// So many nodes with the same settings, all healthy.
    ///
    /// # Errors
    /// When something is not installed or does not start.
    pub async fn start(count: usize) -> Result<Self> {
        let engines = Engines::start().await?;
        let mut nodes = Vec::new();
        for number in 0..count {
            let settings = engines.settings(&format!("node{number}"));
            nodes.push(Node::start(&node::binary()?, &settings).await?);
        }
        Ok(Self { nodes, engines })
    }

    /// Where the nodes listen.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(Node::address).collect()
    }

    /// What the nodes have complained of so far, the newest at the end.
    #[must_use]
    pub fn complaints(&self) -> String {
        let mut said = String::new();
        for node in &self.nodes {
            let log = node.log();
            let lines: Vec<_> = log.lines().filter(|it| is_complaint(it)).collect();
            let newest = &lines[lines.len().saturating_sub(COMPLAINTS)..];
            said.push_str(&format!("{}:\n{}\n", node.address(), newest.join("\n")));
        }
        said
    }
}

/// Lines of one node's log that are worth showing when a test has failed.
const COMPLAINTS: usize = 20;

fn is_complaint(line: &str) -> bool {
    line.contains(" WARN ") || line.contains(" ERROR ")
}
