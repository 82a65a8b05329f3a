//! A place to measure in: nodes of tim-server with what they stand on, all private processes.
//!
//! One node keeps its data in SQLite or in a PostgreSQL; several share a PostgreSQL and a NATS. Settings
//! are those a server has by default, but for limits that one machine with all connections would reach.

use std::path::Path;

use anyhow::Result;
use tim_load::options::Options;
use tim_rig::{
    Nats, Node, NodeSettings, Postgres, PostgresSettings,
    node::{APP, SECRET_KEY},
};

/// Logins begun in a second.
const RAMP: f64 = 1_000.0;
/// What PostgreSQL has when nobody configures it; the rig's is smaller.
const POSTGRES_DEFAULTS: &str = "shared_buffers = 128MB";

/// The database of the nodes.
pub const DATABASE: &str = "tim";

/// Running nodes. Everything ends with the value.
pub struct Setting {
    // Dropped in this order: nodes go before what they stand on.
    pub nodes: Vec<Node>,
    pub nats: Option<Nats>,
    pub postgres: Option<Postgres>,
}

/// What differs from the defaults, because it is measured.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Instances of one user that may be logged in at the same time.
    pub instances: usize,
}

impl Default for Shape {
    fn default() -> Self {
        Self { instances: 1 }
    }
}

/// CPU time that was used since the start, in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct CpuSeconds {
    /// Of all nodes together.
    pub nodes: f64,
    pub postgres: f64,
    pub nats: f64,
    /// Of this process, which makes the load.
    pub load: f64,
}

impl CpuSeconds {
    pub fn since(self, before: Self) -> Self {
        Self {
            nodes: self.nodes - before.nodes,
            postgres: self.postgres - before.postgres,
            nats: self.nats - before.nats,
            load: self.load - before.load,
        }
    }
}

/// A PostgreSQL as it comes.
async fn postgres() -> Result<Postgres> {
    let extra = POSTGRES_DEFAULTS.to_owned();
    Postgres::start_with(PostgresSettings { extra, ..PostgresSettings::default() }).await
}

impl Setting {
    /// One node on SQLite.
    pub async fn on_sqlite(server: &Path, shape: Shape) -> Result<Self> {
        let node = Node::start(server, &shape.node()).await?;
        Ok(Self { nodes: vec![node], nats: None, postgres: None })
    }

    /// One node on an empty PostgreSQL.
    pub async fn on_postgres(server: &Path, shape: Shape) -> Result<Self> {
        let postgres = postgres().await?;
        let database = Some(postgres.create_database(DATABASE).await?);
        let settings = NodeSettings { database, ..shape.node() };
        let nodes = vec![Node::start(server, &settings).await?];
        Ok(Self { nodes, nats: None, postgres: Some(postgres) })
    }

    /// So many nodes on an empty PostgreSQL and a NATS.
    pub async fn cluster(server: &Path, count: usize, shape: Shape) -> Result<Self> {
        let (postgres, nats) = (postgres().await?, Nats::start().await?);
        let database = Some(postgres.create_database(DATABASE).await?);
        let settings = NodeSettings { database, bus: Some(nats.url()), ..shape.node() };
        let mut nodes = Vec::new();
        for _ in 0..count {
            nodes.push(Node::start(server, &settings).await?);
        }
        Ok(Self { nodes, nats: Some(nats), postgres: Some(postgres) })
    }

    /// What a run against these nodes starts from: spread over them, as fast a ramp as is sensible.
    pub fn options(&self) -> Result<Options> {
        let targets = self.nodes.iter().map(Node::address).collect();
        let options = Options::new(targets, APP, SECRET_KEY.to_owned());
        Ok(Options { ramp: RAMP, pids: self.pids()?, ..options })
    }

    /// The process IDs of the nodes.
    pub fn pids(&self) -> Result<Vec<u32>> {
        self.nodes.iter().map(Node::pid).collect()
    }

    /// What was used so far.
    pub fn cpu_seconds(&self) -> Result<CpuSeconds> {
        let mut nodes = 0.0;
        for node in &self.nodes {
            nodes += node.cpu_seconds()?;
        }
        let postgres = self.postgres.as_ref().map_or(Ok(0.0), Postgres::cpu_seconds)?;
        let nats = self.nats.as_ref().map_or(Ok(0.0), Nats::cpu_seconds)?;
        Ok(CpuSeconds { nodes, postgres, nats, load: own_cpu_seconds() })
    }

    /// Memory of all nodes together that is in use now.
    pub fn memory_kilobytes(&self) -> Result<f64> {
        let mut all = 0.0;
        for node in &self.nodes {
            all += node.memory_kilobytes()? as f64;
        }
        Ok(all)
    }
}

impl Shape {
    fn node(self) -> NodeSettings {
        let app = format!("maxWebInstances = {}", self.instances);
        NodeSettings { log: "warn".to_owned(), app, ..NodeSettings::default() }
    }
}

fn own_cpu_seconds() -> f64 {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}
