// Dates as people type them.

/** "1958", "1958-3", "19580312", "1958年3月12日" as a FHIR date; undefined when it is none. */
export function birthOf(text: string): string | undefined {
  const plain = text.normalize('NFKC').trim();
  const found =
    /^(\d{4})(?:[-./年](\d{1,2})(?:[-./月](\d{1,2})日?|月)?|年)?$/.exec(plain) ??
    /^(\d{4})(\d{2})(\d{2})$/.exec(plain);
  if (!found) return undefined;
  const [, year, month, day] = found;
  if (Number(year) < 1890 || Number(month ?? 1) < 1 || Number(month ?? 1) > 12) return undefined;
  if (Number(day ?? 1) < 1 || Number(day ?? 1) > 31) return undefined;
  return [year, month?.padStart(2, '0'), day?.padStart(2, '0')].filter(Boolean).join('-');
}

/** "9:30", "0930", "9点半" as "09:30"; undefined when it is no time of day. */
export function timeOf(text: string): string | undefined {
  const plain = text
    .normalize('NFKC')
    .trim()
    .replace('点半', ':30')
    .replace(/点$/, ':00')
    .replace('点', ':')
    .replace('.', ':');
  const found =
    /^(\d{1,2}):(\d{2})分?$/.exec(plain) ?? /^(\d{1,2})(\d{2})$/.exec(plain) ?? /^(\d{1,2})()$/.exec(plain);
  if (!found) return undefined;
  const hours = Number(found[1]);
  const minutes = Number(found[2] || 0);
  if (hours > 23 || minutes > 59) return undefined;
  return `${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
}
