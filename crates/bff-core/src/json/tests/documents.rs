//! Random documents, most of them right, and small damages to them.

use fastrand::Rng;

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "7",
    "-1",
    "255",
    "256",
    "-128",
    "-129",
    "65536",
    "4294967296",
    "12345678",
    "123456789",
    "9223372036854775807",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "0.5",
    "-0.0",
    "1.25",
    "123456789.123456789",
    "1e3",
    "1E+3",
    "25e-1",
    "0e9",
    "5e-324",
    "1e-400",
    "1.7e308",
    "1e308",
];

const ODD_NUMBERS: &[&str] = &[
    "1e400",
    "-1e400",
    "01",
    "-01",
    "00",
    "-",
    "+1",
    ".5",
    "1.",
    "1.e3",
    "1e",
    "1e+",
    "0x10",
    "NaN",
    "Infinity",
    "-Infinity",
    "1_000",
    "--1",
    "1.2.3",
    "1e1.5",
];

const PIECES: &[&str] = &[
    "a",
    "name",
    "twelve bytes",
    "a text that is longer than one word of eight",
    "ä",
    "€",
    "😀",
    "\\n",
    "\\\"",
    "\\\\",
    "\\/",
    "\\u0041",
    "\\u00e9",
    "\\u20AC",
    "\\ud83d\\ude00",
    "\u{7f}",
];

const ODD_PIECES: &[&str] = &[
    "\\ud83d",
    "\\ude00",
    "\\ud83dx",
    "\\ud83d\\n",
    "\\ud83d\\u0041",
    "\\ud83d\\ud83d",
    "\\u12",
    "\\u12g4",
    "\\x",
    "\\",
    "\n",
    "\t",
    "\0",
    "\u{1f}",
    "\"",
];

/// The names that the types in `agreement.rs` declare, and others.
const NAMES: &[&str] =
    &["a", "b", "c", "d", "e", "f", "other", "\\u0061", "ä", "a much longer name"];

/// What a damage may put in.
const BYTES: &[u8] = b"{}[]\",:\\ \n\t\x0001289.-+eEtfnul/a\x1f\x7f";

/// Random documents.
pub(super) struct Documents(Rng);

impl Documents {
    pub(super) fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.0.usize(..from.len())]
    }

    /// One time in `n`.
    fn rarely(&mut self, n: usize) -> bool {
        self.0.usize(..n) == 0
    }

    fn space(&mut self) -> &'static str {
        if self.rarely(8) { [" ", "\n", "\t", "\r\n    "][self.0.usize(..4)] } else { "" }
    }

    pub(super) fn string(&mut self) -> String {
        let mut out = String::from("\"");
        for _ in 0..self.0.usize(..4) {
            let odd = self.rarely(60);
            out += self.pick(if odd { ODD_PIECES } else { PIECES });
        }
        out + "\""
    }

    pub(super) fn number(&mut self) -> String {
        if self.rarely(40) {
            return self.pick(ODD_NUMBERS).to_owned();
        }
        match self.0.usize(..3) {
            0 => self.pick(NUMBERS).to_owned(),
            1 => self.0.i64(-99_999..99_999).to_string(),
            _ => format!("{}", self.0.i32(..) as f64 / 10_000.0),
        }
    }

    /// A value; deeper ones are smaller.
    pub(super) fn value(&mut self, depth: usize) -> String {
        match self.0.usize(..if depth < 5 { 10 } else { 7 }) {
            0 | 1 => self.string(),
            2 | 3 => self.number(),
            4 => self.pick(&["true", "false"]).to_owned(),
            5 => "null".to_owned(),
            6 => self.pick(&["[]", "{}", "[ ]", "{\n}"]).to_owned(),
            7 => self.array(depth),
            _ => self.object(depth),
        }
    }

    fn array(&mut self, depth: usize) -> String {
        let elements: Vec<_> = (0..self.0.usize(..5)).map(|_| self.spaced(depth)).collect();
        format!("[{}]", elements.join(","))
    }

    pub(super) fn object(&mut self, depth: usize) -> String {
        let member = |this: &mut Self| {
            let name = this.pick(NAMES);
            format!("{}\"{name}\"{}:{}", this.space(), this.space(), this.spaced(depth))
        };
        let members: Vec<_> = (0..self.0.usize(..7)).map(|_| member(self)).collect();
        format!("{{{}}}", members.join(","))
    }

    fn spaced(&mut self, depth: usize) -> String {
        format!("{}{}{}", self.space(), self.value(depth + 1), self.space())
    }

    /// An object with the members of `agreement::Record`, nearly always of the right type.
    pub(super) fn record(&mut self, depth: usize) -> String {
        let mut members = Vec::new();
        for name in ["a", "b", "c", "d", "e", "f"] {
            let value = match name {
                _ if self.rarely(30) => self.value(depth),
                "a" => self.0.u8(..).to_string(),
                "b" => self.string(),
                "c" => self.number(),
                "d" => self.pick(&["null", "true", "false"]).to_owned(),
                "e" if depth < 3 => {
                    let records: Vec<_> =
                        (0..self.0.usize(..3)).map(|_| self.record(depth + 1)).collect();
                    format!("[{}]", records.join(","))
                }
                "e" => "[]".to_owned(),
                _ => self.pick(&["\"ONE\"", "\"TWO\"", "\"\\u004fNE\""]).to_owned(),
            };
            if !self.rarely(80) {
                members.push(format!("{}\"{name}\":{}{value}", self.space(), self.space()));
            }
            if self.rarely(3) {
                members.push(format!("\"x{name}\":{}", self.spaced(depth + 2)));
            }
        }
        self.0.shuffle(&mut members);
        format!("{{{}}}", members.join(","))
    }

    /// The document with a byte less, more or changed, or without its end; `None` if that is not
    /// UTF-8 any more.
    pub(super) fn damaged(&mut self, document: &str) -> Option<String> {
        let mut bytes = document.as_bytes().to_vec();
        let at = self.0.usize(..bytes.len());
        let byte = BYTES[self.0.usize(..BYTES.len())];
        match self.0.usize(..5) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, byte),
            2 => bytes[at] = byte,
            3 => bytes[at] ^= 1 << self.0.u32(..7),
            _ => {
                bytes.remove(at);
            }
        }
        String::from_utf8(bytes).ok()
    }
}
