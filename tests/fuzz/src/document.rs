//! A JSON document, read character by character, and its text under the encoding rules.

use serde_json::Value;

/// A document. Numbers keep their spelling.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// `null`, `true` and `false`.
    Word(&'static str),
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// Reads text that is known to be JSON; `None` if an escape stands for half a character.
    pub(crate) fn parse(text: &str) -> Option<Node> {
        let chars: Vec<char> = text.chars().collect();
        Reader {
            chars: &chars,
            at: 0,
        }
        .node()
    }

    pub(crate) fn of(value: &Value) -> Node {
        match value {
            Value::Null => Node::Word("null"),
            Value::Bool(true) => Node::Word("true"),
            Value::Bool(false) => Node::Word("false"),
            Value::String(text) => Node::Text(text.clone()),
            Value::Array(items) => Node::List(items.iter().map(Node::of).collect()),
            Value::Object(map) => Node::Map(
                map.iter()
                    .map(|(key, value)| (key.clone(), Node::of(value)))
                    .collect(),
            ),
            Value::Number(number) => Node::Number(number.to_string()),
        }
    }

    /// The depth of nested brackets.
    pub(crate) fn depth(&self) -> usize {
        match self {
            Node::List(items) => 1 + items.iter().map(Node::depth).max().unwrap_or(0),
            Node::Map(pairs) => {
                1 + pairs
                    .iter()
                    .map(|(_, node)| node.depth())
                    .max()
                    .unwrap_or(0)
            }
            _ => 0,
        }
    }

    pub(crate) fn is_structure(&self) -> bool {
        matches!(self, Node::List(_) | Node::Map(_))
    }

    /// The text in JSON.
    pub(crate) fn json(&self) -> String {
        match self {
            Node::Word(word) => (*word).into(),
            Node::Number(number) => of_number(number),
            Node::Text(text) => format!("\"{}\"", escaped(text)),
            Node::List(items) => format!(
                "[{}]",
                items.iter().map(Node::json).collect::<Vec<_>>().join(",")
            ),
            Node::Map(pairs) => {
                let pairs = once(pairs);
                let pair =
                    |(key, node): &(String, &Node)| format!("\"{}\":{}", escaped(key), node.json());
                format!(
                    "{{{}}}",
                    pairs.iter().map(pair).collect::<Vec<_>>().join(",")
                )
            }
        }
    }
}

/// Keeps the later value of a key, in the place of the first. An empty key becomes `_`, and collides with a real `_`:
/// within a structure, keys are not numbered.
fn once(pairs: &[(String, Node)]) -> Vec<(String, &Node)> {
    let mut once: Vec<(String, &Node)> = Vec::new();
    for (key, node) in pairs {
        let key = if key.is_empty() { "_" } else { key };
        match once.iter_mut().find(|(own, _)| own == key) {
            Some((_, own)) => *own = node,
            None => once.push((key.into(), node)),
        }
    }
    once
}

/// Integers of 64 bits, and floats as `ryu` prints them; larger integers become strings.
///
/// A zero with a sign is a float, as only floats have one.
fn of_number(number: &str) -> String {
    let is_float = number.contains(['.', 'e', 'E']) || number == "-0";
    let fits = number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
    match (is_float, number.parse::<f64>()) {
        (false, _) if fits => number.into(),
        (true, Ok(x)) if x.is_finite() => ryu::Buffer::new().format(x).into(),
        _ => format!("\"{number}\""),
    }
}

/// The escapes of both formats.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for char in text.chars() {
        match char {
            '"' => out += "\\\"",
            '\\' => out += "\\\\",
            '\n' => out += "\\n",
            '\r' => out += "\\r",
            '\t' => out += "\\t",
            '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}' => {
                out += &format!("\\u{:04x}", u32::from(char));
            }
            _ => out.push(char),
        }
    }
    out
}

struct Reader<'a> {
    chars: &'a [char],
    at: usize,
}

impl Reader<'_> {
    /// The next non-blank character, which is not consumed.
    fn peek(&mut self) -> char {
        while self.chars[self.at].is_ascii_whitespace() {
            self.at += 1;
        }
        self.chars[self.at]
    }

    /// Skips a mark and returns it.
    fn mark(&mut self) -> char {
        let mark = self.peek();
        self.at += 1;
        mark
    }

    fn node(&mut self) -> Option<Node> {
        Some(match self.peek() {
            '"' => Node::Text(self.text()?),
            '[' => Node::List(self.list()?),
            '{' => Node::Map(self.map()?),
            _ => self.word(),
        })
    }

    fn list(&mut self) -> Option<Vec<Node>> {
        let mut items = Vec::new();
        self.mark();
        while self.peek() != ']' {
            items.push(self.node()?);
            if self.peek() == ',' {
                self.mark();
            }
        }
        self.mark();
        Some(items)
    }

    fn map(&mut self) -> Option<Vec<(String, Node)>> {
        let mut pairs = Vec::new();
        self.mark();
        while self.peek() != '}' {
            let key = self.text()?;
            assert_eq!(self.mark(), ':');
            pairs.push((key, self.node()?));
            if self.peek() == ',' {
                self.mark();
            }
        }
        self.mark();
        Some(pairs)
    }

    fn word(&mut self) -> Node {
        let is_part = |char: &&char| char.is_ascii_alphanumeric() || "+-.".contains(**char);
        let word: String = self.chars[self.at..].iter().take_while(is_part).collect();
        self.at += word.len();
        match word.as_str() {
            "null" => Node::Word("null"),
            "true" => Node::Word("true"),
            "false" => Node::Word("false"),
            _ => Node::Number(word),
        }
    }

    fn text(&mut self) -> Option<String> {
        assert_eq!(self.mark(), '"');
        let mut units: Vec<u16> = Vec::new();
        loop {
            let char = self.chars[self.at];
            self.at += 1;
            match char {
                '"' => return String::from_utf16(&units).ok(),
                '\\' => units.push(self.escape()),
                _ => units.extend(char.encode_utf16(&mut [0; 2]).iter()),
            }
        }
    }

    fn escape(&mut self) -> u16 {
        let char = self.chars[self.at];
        self.at += 1;
        match char {
            'n' => 0x0a,
            'r' => 0x0d,
            't' => 0x09,
            'b' => 0x08,
            'f' => 0x0c,
            'u' => {
                let digits: String = self.chars[self.at..self.at + 4].iter().collect();
                self.at += 4;
                u16::from_str_radix(&digits, 16).expect("hex digits, as it is JSON")
            }
            other => other as u16,
        }
    }
}
