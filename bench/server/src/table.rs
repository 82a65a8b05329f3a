//! What a measurement came to, as lines for people or as JSON for `bench/rows`.

use serde_json::{Value, json};

/// One number, with what it is compared with.
pub struct Row {
    /// What it is, with its unit after the last comma.
    pub name: &'static str,
    /// Of tim-server.
    pub ours: f64,
    /// Of what it is compared with.
    pub reference: Option<f64>,
    /// What the numbers alone do not say; may be empty.
    pub note: String,
}

impl Row {
    /// A number by itself.
    pub fn alone(name: &'static str, ours: f64) -> Self {
        Self { name, ours, reference: None, note: String::new() }
    }

    /// A number beside another one.
    pub fn beside(name: &'static str, ours: f64, reference: f64) -> Self {
        Self { reference: Some(reference), ..Self::alone(name, ours) }
    }

    /// The same with a note.
    pub fn noted(self, note: String) -> Self {
        Self { note, ..self }
    }

    fn ratio(&self) -> Option<f64> {
        self.reference.map(|it| self.ours / it)
    }

    fn to_json(&self) -> Value {
        let Self { name, ours, reference, note } = self;
        let mut row = json!({ "name": name, "ours": ours });
        if let (Some(reference), Some(ratio)) = (reference, self.ratio()) {
            row["reference"] = json!(reference);
            row["ratio"] = json!(ratio);
        }
        if !note.is_empty() {
            row["note"] = json!(note);
        }
        row
    }
}

/// The one in the middle; the mean of both for an even number of values.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        it if it % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// Prints all rows.
pub fn print(rows: &[Row], is_json: bool) {
    if is_json {
        let rows: Vec<Value> = rows.iter().map(Row::to_json).collect();
        return line(&json!({ "rows": rows }).to_string());
    }
    line(&format!("{:<52}{:>12}{:>12}{:>8}", "", "tim-server", "reference", "ratio"));
    for row in rows {
        let number = |it: Option<f64>| it.map_or("–".to_owned(), |it| format!("{it:.2}"));
        let (reference, ratio) = (number(row.reference), number(row.ratio()));
        line(&format!("{:<52}{:>12.2}{reference:>12}{ratio:>8}", row.name, row.ours));
        if !row.note.is_empty() {
            line(&format!("    {}", row.note));
        }
    }
}

#[expect(clippy::print_stdout, reason = "the result of the program")]
pub fn line(text: &str) {
    println!("{text}");
}
