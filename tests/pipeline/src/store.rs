//! The tables, and how rows get into them: a batch as a whole or not at all, and each row once.

use std::collections::HashSet;

use time::Date;
use tokio_postgres::{Client, Error, GenericClient, NoTls};

use crate::row::Row;

/// The tables and the index; running it again does no harm.
pub const SCHEMA: &str = include_str!("schema.sql");

/// Two consumers that create a table at the same time would fail, even with `if not exists`.
const LOCK: &str = "select pg_advisory_xact_lock(4711)";

const RECORDS: &str = "insert into records (at, id, doc) \
    select at::timestamptz, id, doc::jsonb from unnest($1::text[], $2::text[], $3::text[]) as row (at, id, doc) \
    on conflict do nothing";

const REJECTED: &str = "insert into rejected (id, why, line) \
    select * from unnest($1::text[], $2::text[], $3::bytea[]) on conflict do nothing";

/// A connection to the database, and the days that it has tables for.
pub struct Store {
    client: Client,
    days: HashSet<Date>,
}

impl Store {
    /// Connects, and creates the tables if necessary. Called inside a tokio runtime.
    pub async fn open(address: &str) -> Result<Store, Error> {
        let (client, connection) = tokio_postgres::connect(address, NoTls).await?;
        tokio::spawn(connection);
        let schema = format!("set client_min_messages = warning; begin; {LOCK}; {SCHEMA}; commit");
        client.batch_execute(&schema).await?;
        Ok(Store {
            client,
            days: HashSet::new(),
        })
    }

    /// Stores rows, some of which may be stored already. Rows that the database does not accept are rejected alone; an
    /// error means that nothing was stored, and that the connection is no longer usable.
    pub async fn insert(&mut self, rows: Vec<Row>) -> Result<(), Error> {
        self.make_days(&rows).await?;
        match self.insert_all(&rows).await {
            Err(error) if is_about_data(&error) => {
                let mut judged = Vec::new();
                for row in rows {
                    judged.push(self.try_one(row).await?);
                }
                self.insert_all(&judged).await
            }
            inserted => inserted,
        }
    }

    async fn make_days(&mut self, rows: &[Row]) -> Result<(), Error> {
        for row in rows {
            if let Row::Record { day, .. } = row
                && !self.days.contains(day)
            {
                self.client.batch_execute(&partition(*day)).await?;
                self.days.insert(*day);
            }
        }
        Ok(())
    }

    async fn insert_all(&mut self, rows: &[Row]) -> Result<(), Error> {
        let transaction = self.client.transaction().await?;
        insert(&transaction, rows).await?;
        transaction.commit().await
    }

    /// Tries the row without keeping it; returns it, or why the database rejects it.
    async fn try_one(&mut self, row: Row) -> Result<Row, Error> {
        let transaction = self.client.transaction().await?;
        let tried = insert(&transaction, std::slice::from_ref(&row)).await;
        transaction.rollback().await?;
        match tried {
            Err(error) if is_about_data(&error) => Ok(row.rejected(message(&error))),
            Err(error) => Err(error),
            Ok(()) => Ok(row),
        }
    }
}

async fn insert(client: &impl GenericClient, rows: &[Row]) -> Result<(), Error> {
    let (mut ats, mut ids, mut docs) = (Vec::new(), Vec::new(), Vec::new());
    let (mut bad_ids, mut whys, mut lines) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        match row {
            Row::Record { id, ts, doc, .. } => {
                ats.push(ts);
                ids.push(id);
                docs.push(doc);
            }
            Row::Rejected { id, why, line } => {
                bad_ids.push(id);
                whys.push(why);
                lines.push(line.as_slice());
            }
        }
    }
    client.execute(RECORDS, &[&ats, &ids, &docs]).await?;
    if !bad_ids.is_empty() {
        client.execute(REJECTED, &[&bad_ids, &whys, &lines]).await?;
    }
    Ok(())
}

fn partition(day: Date) -> String {
    let next = day.next_day().unwrap_or(day);
    let name = day.to_string().replace('-', "");
    format!(
        "begin; {LOCK}; \
         create table if not exists records_{name} partition of records \
         for values from ('{day} 00:00:00+00') to ('{next} 00:00:00+00'); commit"
    )
}

/// Errors that a value can cause. Class 22: invalid as `jsonb` or as a time. Class 54: an id too long for the index, a
/// document too deep. Another attempt would fail again and hold up everything behind it.
fn is_about_data(error: &Error) -> bool {
    let class = error.code().and_then(|code| code.code().get(..2));
    matches!(class, Some("22" | "54"))
}

fn message(error: &Error) -> String {
    let error = error.as_db_error();
    error.map_or_else(String::new, |error| error.message().to_owned())
}
