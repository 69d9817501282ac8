//! Puts and gets records of a Kinesis-compatible stream: JSON over HTTP, following its API.
//!
//! For kinesalite, which checks the form of a signature but not the signature. The AWS SDK, which would sign, needs
//! more than a hundred crates.

use std::io;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value as Json, json};

/// The limit of one `PutRecords`.
const MOST_RECORDS: usize = 500;

/// A stream of one shard.
#[derive(Clone, Debug)]
pub struct Kinesis {
    url: String,
    stream: String,
}

impl Kinesis {
    pub fn new(url: &str, stream: &str) -> Kinesis {
        Kinesis {
            url: url.into(),
            stream: stream.into(),
        }
    }

    /// Makes the stream and waits until it can be used.
    pub fn create(&self) -> io::Result<()> {
        self.call(
            "CreateStream",
            json!({ "StreamName": self.stream, "ShardCount": 1 }),
        )?;
        loop {
            let told = self.call("DescribeStream", json!({ "StreamName": self.stream }))?;
            if told["StreamDescription"]["StreamStatus"] == "ACTIVE" {
                return Ok(());
            }
        }
    }

    /// Puts lines; those of one transaction keep their order.
    pub fn put(&self, lines: &[String]) -> io::Result<()> {
        for lines in lines.chunks(MOST_RECORDS) {
            let record = |line: &String| json!({ "Data": BASE64_STANDARD.encode(line), "PartitionKey": "records" });
            let records: Vec<Json> = lines.iter().map(record).collect();
            let put = self.call(
                "PutRecords",
                json!({ "StreamName": self.stream, "Records": records }),
            )?;
            if put["FailedRecordCount"] != 0 {
                return Err(io::Error::other(put.to_string()));
            }
        }
        Ok(())
    }

    /// All lines of the stream, from the first.
    pub fn read(&self) -> io::Result<Vec<String>> {
        let first = json!({
            "StreamName": self.stream, "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON",
        });
        let mut iterator = self.call("GetShardIterator", first)?["ShardIterator"].take();
        let mut lines = Vec::new();
        loop {
            let mut got = self.call("GetRecords", json!({ "ShardIterator": iterator }))?;
            let records = got["Records"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            if records.is_empty() {
                return Ok(lines);
            }
            for record in records {
                lines.push(decoded(record)?);
            }
            iterator = got["NextShardIterator"].take();
        }
    }

    fn call(&self, action: &str, body: Json) -> io::Result<Json> {
        let answer = minreq::post(&self.url)
            .with_timeout(10)
            .with_header("Content-Type", "application/x-amz-json-1.1")
            .with_header("X-Amz-Target", format!("Kinesis_20131202.{action}"))
            .with_header("X-Amz-Date", "20261121T000000Z")
            .with_header(
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=key/20261121/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0",
            )
            .with_body(body.to_string())
            .send()
            .map_err(io::Error::other)?;
        let text = answer.as_str().map_err(io::Error::other)?;
        if answer.status_code != 200 {
            return Err(io::Error::other(format!("{action}: {text}")));
        }
        Ok(serde_json::from_str(text).unwrap_or_default())
    }
}

fn decoded(record: &Json) -> io::Result<String> {
    let data = record["Data"].as_str().unwrap_or_default();
    let bytes = BASE64_STANDARD.decode(data).map_err(io::Error::other)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}
