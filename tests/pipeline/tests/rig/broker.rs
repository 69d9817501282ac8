use std::net::TcpStream;
use std::path::PathBuf;

use traceline_pipeline::STREAM;

use super::{Killed, folder, free_port, mortal, wait_for};

/// A NATS server with JetStream, whose port and folder survive restarts.
pub struct Broker {
    port: u16,
    folder: PathBuf,
    server: Option<Killed>,
    /// Arguments in addition to those that every server has.
    extra: Vec<String>,
}

impl Broker {
    /// A server that is not started yet.
    pub fn down() -> Broker {
        Broker {
            port: free_port(),
            folder: folder("nats"),
            server: None,
            extra: Vec::new(),
        }
    }

    /// The same, with a limit on the bytes of a message.
    pub fn of_short_messages(max_payload: usize) -> Broker {
        let mut broker = Broker::down();
        let config = broker.folder.join("nats.conf");
        std::fs::write(&config, format!("max_payload: {max_payload}\n")).unwrap();
        broker.extra = vec!["-c".into(), config.to_str().unwrap().into()];
        broker
    }

    pub fn start() -> Broker {
        let mut broker = Broker::down();
        broker.restart();
        broker
    }

    /// Starts it, and waits until it listens.
    pub fn restart(&mut self) {
        let port = self.port.to_string();
        let mut command = mortal("nats-server");
        command
            .args(["-js", "-a", "127.0.0.1", "-p", &port, "-sd"])
            .arg(&self.folder)
            .args(&self.extra);
        self.server = Some(Killed(command.spawn().unwrap()));
        wait_for("NATS", || TcpStream::connect(("127.0.0.1", self.port)).ok());
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.server = None;
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Waits until all messages are confirmed, including those that were delivered again.
    #[track_caller]
    pub fn wait_until_empty(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        wait_for("an empty stream", || {
            let messages = runtime.block_on(async {
                let client = async_nats::connect(self.url()).await.ok()?;
                let context = async_nats::jetstream::new(client);
                let mut stream = context.get_stream(STREAM).await.ok()?;
                Some(stream.info().await.ok()?.state.messages)
            });
            (messages == Some(0)).then_some(())
        });
    }
}
