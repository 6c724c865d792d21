// The table as a file: the rows that pass the filter, in their order, with the columns shown.

/** A text as RFC 4180 has it. */
const csvField = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** What a column holds of a line, as one field or, of a setting, two: the mean and its deviation. */
function csvOf(column, line) {
  if (column === nameColumn) return [line.runs.map((run) => runs[run].name).join(' ')];
  if (column === seedsColumn) return [seedsOf(line)];
  if (!column.number) return [column.exact?.(line.run) ?? column.text(line.run)];
  const { mean, sd } = numberOf(line, column);
  return bySeeds() ? [mean ?? '', sd ?? ''] : [mean ?? ''];
}

function csvHead(column) {
  const name = column.csv ?? column.id;
  return bySeeds() && column.number ? [name, `${name}_sd`] : [name];
}

function csvText() {
  const shownNow = shownColumns();
  const table = [
    shownNow.flatMap(csvHead),
    ...sortedLines().map((line) => shownNow.flatMap((column) => csvOf(column, line))),
  ];
  return table.map((row) => row.map((one) => csvField(String(one))).join(',') + '\n').join('');
}

function saveCsv() {
  const href = URL.createObjectURL(new Blob([csvText()], { type: 'text/csv' }));
  const name = data.title.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').replaceAll(/^[-.]+|-+$/g, '');
  const link = el('a', { href, download: `${short(name, 60).replace('…', '') || 'runs'}.csv` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
