//! Statements of SQLite with a variable number of rows.
//!
//! Their text exists for 1, 2, 4, … rows only, so that the connection's cache of prepared
//! statements hits. A list of rows is either cut into such pieces or filled up to the next size,
//! whichever the statement allows.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

/// Powers of two up to 256 rows.
const SIZES: usize = 9;
/// Most rows in one statement.
pub(super) const MOST_ROWS: usize = 1 << (SIZES - 1);

/// One statement in all its sizes.
pub(super) struct Shapes([Arc<str>; SIZES]);

impl Shapes {
    /// `before` and `after` surround `(?, ?, …), (?, …)`.
    ///
    /// Not `$1, $2, …` as everywhere else: SQLite finds such a name by walking all of them, which
    /// made a row of a large statement several times dearer. The values are in order anyway.
    pub(super) fn new(before: &str, columns: usize, after: &str) -> Self {
        Self(std::array::from_fn(|size| {
            let mut sql = before.to_owned();
            let row = format!("({})", vec!["?"; columns].join(", "));
            sql.push_str(&vec![row; 1 << size].join(", "));
            sql.push_str(after);
            sql.into()
        }))
    }

    /// The statement for exactly `rows` rows, a power of two.
    pub(super) fn exact(&self, rows: usize) -> SqlStr {
        AssertSqlSafe(Arc::clone(&self.0[rows.ilog2() as usize])).into_sql_str()
    }
}

/// Cuts a list into pieces of 1, 2, 4, … rows, the large ones first.
pub(super) fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = 1 << rows.len().min(MOST_ROWS).checked_ilog2()?;
        let (piece, rest) = rows.split_at(size);
        rows = rest;
        Some(piece)
    })
}

/// Repeats a row until there are 1, 2, 4, … of them, for statements that a repetition does not
/// hurt. The list must not be empty and not exceed [`MOST_ROWS`].
pub(super) fn filled<T>(rows: &[T]) -> impl Iterator<Item = &T> {
    let last = rows.last().into_iter();
    let missing = rows.len().next_power_of_two() - rows.len();
    rows.iter().chain(last.cycle().take(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_into_powers_of_two_in_order() {
        let rows: Vec<_> = (0..300).collect();
        let sizes: Vec<_> = pieces(&rows).map(<[i32]>::len).collect();
        assert_eq!(sizes, [256, 32, 8, 4]);
        assert_eq!(pieces(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        assert_eq!(pieces::<i32>(&[]).count(), 0);
    }

    #[test]
    fn a_list_is_filled_with_its_last_row() {
        assert_eq!(filled(&[1, 2, 3]).collect::<Vec<_>>(), [&1, &2, &3, &3]);
        assert_eq!(filled(&[1]).count(), 1);
    }

    #[test]
    fn the_text_has_a_place_for_every_value() {
        let shapes = Shapes::new("VALUES ", 2, ";");
        assert_eq!(shapes.exact(2).as_str(), "VALUES (?, ?), (?, ?);");
    }
}
