//! Processes of the test's own: killed when dropped, their words kept in a file.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program; what it says on standard error is appended to `log`.
    pub fn start(command: &mut Command, log: &Path) -> Self {
        let file = File::options().create(true).append(true).open(log).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        Self {
            child,
            log: log.to_owned(),
        }
    }

    /// One of the workspace's binaries, from where this program's own lies.
    pub fn binary(name: &str) -> Command {
        let own = std::env::current_exe().unwrap();
        let mut folder = own.parent().expect("a program lies in a folder");
        // A test lies one deeper.
        if folder.ends_with("deps") {
            folder = folder.parent().expect("`deps` lies in the target folder");
        }
        let path = folder.join(name);
        assert!(
            path.exists(),
            "`{}` is not built: run the tests of the whole workspace",
            path.display()
        );
        let mut command = Command::new(path);
        // A program refuses variables of ours that it does not know, and those of the tests it does not.
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("PORTCULLIS_") {
                command.env_remove(variable);
            }
        }
        command
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: the process does nothing more.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, and waits for the end.
    pub fn terminate(&mut self) {
        self.signal("TERM");
        let _ = self.child.wait();
    }

    /// Any signal by its name, as `kill` knows it.
    pub fn signal(&self, name: &str) {
        // The shell's own: a machine may have no program of that name.
        let sent = Command::new("sh")
            .args(["-c", "kill -\"$0\" \"$1\"", name])
            .arg(self.id().to_string())
            .status();
        assert!(sent.unwrap().success(), "kill -{name}");
    }

    /// Bytes of its memory that are there just now, as Linux tells them.
    pub fn resident(&self) -> u64 {
        resident(self.id()).expect("the process is there, and Linux tells of it")
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// All it has said so far.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let said = self.said();
            let tail = said.len().saturating_sub(4_000);
            let tail = (tail..=said.len())
                .find(|at| said.is_char_boundary(*at))
                .unwrap_or(0);
            eprintln!("--- {}\n{}", self.log.display(), &said[tail..]);
        }
    }
}

/// Bytes of a process's memory that are there just now, as Linux tells them.
pub fn resident(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes = line.trim().strip_suffix(" kB")?;
    Some(kilobytes.parse::<u64>().ok()? * 1024)
}

/// A port of the loopback that nobody listens on just now.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
