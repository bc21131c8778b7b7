//! What Redis is told in one step: a command, or a script by its name or its text.

use redis::{Arg, Cmd, ToRedisArgs, cmd};

/// A Lua script, and its name for servers that have seen it.
#[derive(Debug, Clone)]
pub struct Script {
    code: &'static str,
    hash: String,
}

impl Script {
    /// The script with this text. It reads only the keys that it is given as `KEYS`.
    #[must_use]
    pub fn new(code: &'static str) -> Self {
        Self { code, hash: redis::Script::new(code).get_hash().to_owned() }
    }

    /// The script, run on `keys` with `arguments`. In a cluster all keys have to be in one slot: the
    /// caller puts the same text in braces into each of them.
    #[must_use]
    pub fn on(&self, keys: &[impl ToRedisArgs], arguments: &[impl ToRedisArgs]) -> Command {
        let mut command = cmd("EVALSHA");
        command.arg(&self.hash).arg(keys.len()).arg(keys).arg(arguments);
        Command { first: command, code: Some(self.code) }
    }
}

/// A command, or a [`Script`] with its keys and arguments.
#[derive(Debug, Clone)]
pub struct Command {
    pub(crate) first: Cmd,
    code: Option<&'static str>,
}

impl Command {
    /// The same for a server that does not know the script's name.
    pub(crate) fn by_text(&self) -> Option<Cmd> {
        let mut command = cmd("EVAL");
        command.arg(self.code?);
        // Behind `EVALSHA` and the name.
        for argument in self.first.args_iter().skip(2) {
            if let Arg::Simple(argument) = argument {
                command.arg(argument);
            }
        }
        Some(command)
    }
}

impl From<Cmd> for Command {
    fn from(command: Cmd) -> Self {
        Self { first: command, code: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_has_the_same_arguments_by_name_and_by_text() {
        let script = Script::new("return ARGV[1]");
        let command = script.on(&["{k}:a", "{k}:b"], &[&b"\0\xFF"[..], b""]);
        let by_name = command.first.get_packed_command();
        let by_text = command.by_text().unwrap().get_packed_command();
        let tail = |packed: &[u8]| {
            let at = packed.windows(5).position(|five| five == b"$1\r\n2").unwrap();
            packed[at..].to_vec()
        };
        assert_eq!(tail(&by_name), tail(&by_text));
        assert!(by_name.starts_with(b"*7\r\n$7\r\nEVALSHA\r\n$40\r\n"));
        assert!(by_text.starts_with(b"*7\r\n$4\r\nEVAL\r\n$14\r\nreturn ARGV[1]\r\n"));
    }

    #[test]
    fn a_plain_command_has_no_second_form() {
        assert!(Command::from(cmd("PING")).by_text().is_none());
    }
}
