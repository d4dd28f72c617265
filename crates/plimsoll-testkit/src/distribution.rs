//! The registry others run, on a loopback port: what works with it works elsewhere.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

/// `docker-registry serve` (the CNCF distribution), killed when this is dropped.
#[derive(Debug)]
pub struct Distribution {
    address: SocketAddr,
    child: Child,
}

impl Distribution {
    /// Starts one that keeps its files and logs below `folder`.
    ///
    /// # Errors
    /// `docker-registry` is not installed, or does not come up within a minute.
    pub fn start(folder: &Path) -> io::Result<Self> {
        Self::start_with(folder, "")
    }

    /// The same, which speaks TLS and nothing else, by a certificate and its key, both in PEM.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_secure(folder: &Path, certificate: &Path, key: &Path) -> io::Result<Self> {
        let (certificate, key) = (certificate.display(), key.display());
        let tls = format!(", tls: {{certificate: '{certificate}', key: '{key}'}}");
        Self::start_with(folder, &tls)
    }

    /// `http` is what is said of that beside its address.
    fn start_with(folder: &Path, http: &str) -> io::Result<Self> {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            // It cannot be told to look for a port itself, and until it listens another process
            // may take the one that was free.
            let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
            let config = configuration(folder, address, http)?;
            let child = Command::new("docker-registry")
                .arg("serve")
                .arg(config)
                .stdout(File::create(folder.join("registry.log"))?)
                .stderr(File::create(folder.join("registry.err"))?)
                .spawn()?;
            let mut started = Self { address, child };
            while started.child.try_wait()?.is_none() {
                let answers = TcpStream::connect(address).is_ok();
                // Had it been somebody else's port, it would have ended by now.
                thread::sleep(Duration::from_millis(50));
                if answers && started.child.try_wait()?.is_none() {
                    return Ok(started);
                }
                if Instant::now() > end {
                    return Err(io::Error::other("docker-registry does not come up"));
                }
            }
            if Instant::now() > end {
                let said = fs::read_to_string(folder.join("registry.err"))?;
                return Err(io::Error::other(format!("docker-registry ended: {said}")));
            }
        }
    }

    /// Where it listens, as image names have it: `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Distribution {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(folder: &Path, address: SocketAddr, http: &str) -> io::Result<PathBuf> {
    let path = folder.join("registry.yml");
    let data = folder.join("registry");
    let text = format!(
        "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: '{}'}}}}\nhttp: {{addr: '{address}'{http}}}\n",
        data.display()
    );
    fs::write(&path, text)?;
    Ok(path)
}
