use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tokio::runtime::Runtime;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Row};

use super::{Killed, folder, free_port, mortal, wait_for};

/// A PostgreSQL cluster, whose port and folder survive restarts.
pub struct Database {
    port: u16,
    folder: PathBuf,
    server: Option<Killed>,
    runtime: Runtime,
}

impl Database {
    pub fn start() -> Database {
        let home = folder("postgres");
        copy(template(), &home.join("data"));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let mut database = Database {
            port: free_port(),
            folder: home.join("data"),
            server: None,
            runtime: runtime.unwrap(),
        };
        database.restart();
        database
    }

    /// Starts it, and waits until it answers.
    pub fn restart(&mut self) {
        let address = self.address();
        wait_for("PostgreSQL", || {
            let is_up = |killed: &mut Killed| killed.0.try_wait().unwrap().is_none();
            if !self.server.as_mut().is_some_and(is_up) {
                // After a crash, a process of the last run may still be there at the first start.
                self.server = Some(self.spawn());
            }
            self.runtime
                .block_on(tokio_postgres::connect(&address, NoTls))
                .ok()
                .map(|_| ())
        });
    }

    fn spawn(&self) -> Killed {
        let mut command = as_postgres(&binary("postgres"));
        command.args([
            "-p",
            &self.port.to_string(),
            "-c",
            "listen_addresses=127.0.0.1",
        ]);
        command.args([
            "-c",
            "unix_socket_directories=",
            "-c",
            "timezone=Pacific/Auckland",
            "-D",
        ]);
        command.arg(&self.folder);
        Killed(command.spawn().unwrap())
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.server = None;
    }

    pub fn address(&self) -> String {
        format!(
            "host=127.0.0.1 port={} user=postgres dbname=postgres",
            self.port
        )
    }

    #[track_caller]
    pub fn query(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Vec<Row> {
        self.try_query(sql, parameters).unwrap()
    }

    pub fn try_query(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        self.runtime.block_on(async {
            let (client, connection): (Client, _) =
                tokio_postgres::connect(&self.address(), NoTls).await?;
            let connection = tokio::spawn(connection);
            let rows = client.query(sql, parameters).await;
            connection.abort();
            rows
        })
    }

    /// The rows of the table; 0 while there is none.
    pub fn count(&self, table: &str) -> i64 {
        let rows = self.try_query(&format!("select count(*) from {table}"), &[]);
        rows.map_or(0, |rows| rows[0].get(0))
    }

    /// Waits until the table has that many rows.
    #[track_caller]
    pub fn wait_for(&self, table: &str, rows: u64) {
        let mut last = 0;
        wait_for(&format!("{rows} rows of {table}"), || {
            let now = self.count(table);
            assert!(now <= rows as i64, "{now} rows of {table}, not {rows}");
            if now != last {
                last = now;
            }
            (now == rows as i64).then_some(())
        });
    }
}

/// A cluster that is created once and then copied, because `initdb` takes a second.
fn template() -> &'static Path {
    static TEMPLATE: OnceLock<PathBuf> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let home = folder("initdb");
        let (user, group) = owner();
        chown(&home, Some(user), Some(group)).unwrap();
        let data = home.join("data");
        let mut command = as_postgres(&binary("initdb"));
        command.args([
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        ]);
        assert!(command.arg(&data).status().unwrap().success(), "initdb");
        data
    })
}

fn copy(from: &Path, to: &Path) {
    assert!(
        Command::new("cp")
            .arg("-a")
            .arg(from)
            .arg(to)
            .status()
            .unwrap()
            .success()
    );
}

fn binary(name: &str) -> String {
    let mut versions: Vec<_> = fs::read_dir("/usr/lib/postgresql")
        .unwrap()
        .flatten()
        .collect();
    versions.sort_by_key(|version| {
        version
            .file_name()
            .to_string_lossy()
            .parse::<u32>()
            .unwrap_or(0)
    });
    let newest = versions.pop().expect("a version of PostgreSQL");
    newest
        .path()
        .join("bin")
        .join(name)
        .to_string_lossy()
        .into_owned()
}

/// PostgreSQL refuses to run as root.
fn as_postgres(program: &str) -> Command {
    let mut command = mortal(program);
    if is_root() {
        command = mortal("--reuid=postgres");
        command.args(["--regid=postgres", "--init-groups", program]);
    }
    command
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn owner() -> (u32, u32) {
    let own = fs::metadata("/proc/self").unwrap();
    if own.uid() != 0 {
        return (own.uid(), own.gid());
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let line = users
        .lines()
        .find(|line| line.starts_with("postgres:"))
        .expect("a user postgres");
    let ids: Vec<u32> = line
        .split(':')
        .skip(2)
        .take(2)
        .map(|id| id.parse().unwrap())
        .collect();
    (ids[0], ids[1])
}
