//! The growth of memory with agendas as a table in Markdown and a plot in SVG, under `loadtests/results/`.

use std::fmt::Write as _;
use std::path::Path;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
const MARGIN: f64 = 56.0;

/// Colour, name, value.
type Curve = (&'static str, &'static str, fn(&Row) -> f64);

/// One step of the growth.
pub(crate) struct Row {
    /// Agendas started so far.
    pub(crate) agendas: usize,
    /// Since the first of them.
    pub(crate) seconds: f64,
    /// What the allocator has given out for them.
    pub(crate) held_mib: f64,
    /// What the process has grown by.
    pub(crate) resident_mib: f64,
}

impl Row {
    fn each_kib(&self) -> f64 {
        self.held_mib * 1_024.0 / self.agendas as f64
    }

    /// As a line of the table.
    pub(crate) fn line(&self) -> String {
        format!(
            "| {:>7} | {:>8.1} | {:>9.1} | {:>9.1} | {:>7.1} |",
            self.agendas,
            self.seconds,
            self.held_mib,
            self.resident_mib,
            self.each_kib()
        )
    }
}

fn points(rows: &[Row], largest: (f64, f64), value: impl Fn(&Row) -> f64) -> String {
    let place = |row: &Row| {
        let x = MARGIN + (WIDTH - 2.0 * MARGIN) * row.agendas as f64 / largest.0;
        let y = HEIGHT - MARGIN - (HEIGHT - 2.0 * MARGIN) * value(row) / largest.1;
        format!("{x:.1},{y:.1}")
    };
    rows.iter().map(place).collect::<Vec<_>>().join(" ")
}

fn svg(rows: &[Row], bookings: usize) -> String {
    let largest = rows.iter().fold((1.0_f64, 1.0_f64), |(x, y), row| {
        (x.max(row.agendas as f64), y.max(row.resident_mib).max(row.held_mib))
    });
    let (right, bottom) = (WIDTH - MARGIN, HEIGHT - MARGIN);
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">
<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>
<path d="M{MARGIN},{MARGIN} V{bottom} H{right}" fill="none" stroke="#333"/>
<text x="{MARGIN}" y="24">Memory of started agendas, {bookings} bookings each</text>
<text x="{MARGIN}" y="44">{:.0} MiB</text>
<text x="{right}" y="{}" text-anchor="end">{:.0} agendas</text>
"##,
        largest.1,
        bottom + 18.0,
        largest.0
    );
    let lines: [Curve; 2] = [
        ("#1f77b4", "resident set", |row| row.resident_mib),
        ("#d62728", "allocator", |row| row.held_mib),
    ];
    for ((colour, name, value), line) in lines.into_iter().zip(1_u8..) {
        let points = points(rows, largest, value);
        let below = MARGIN + 16.0 * f64::from(line);
        writeln!(
            svg,
            r#"<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>"#
        )
        .unwrap();
        writeln!(
            svg,
            r#"<text x="{}" y="{below}" fill="{colour}">{name}</text>"#,
            MARGIN + 12.0
        )
        .unwrap();
    }
    svg.push_str("</svg>\n");
    svg
}

/// Writes both files.
pub(crate) fn write(rows: &[Row], bookings: usize) -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("loadtests/results");
    std::fs::create_dir_all(&folder)?;
    let lines: Vec<String> = rows.iter().map(Row::line).collect();
    let table = format!(
        "# Memory of started agendas\n\n{bookings} bookings each; measured by `make bench-memory` (see `benches/memory.rs`).\n\n\
         | agendas | seconds | allocated MiB | resident MiB | KiB each |\n|---|---|---|---|---|\n{}\n\n![growth](memory.svg)\n",
        lines.join("\n")
    );
    std::fs::write(folder.join("memory.md"), table)?;
    std::fs::write(folder.join("memory.svg"), svg(rows, bookings))
}
