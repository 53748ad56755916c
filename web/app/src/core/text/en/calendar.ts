import type zh from '../zh/calendar';

const en: Record<keyof typeof zh, string> = {
  'calendar.title': 'Calendar · {day}',
  'calendar.before': 'The day before',
  'calendar.beforeShort': 'Before',
  'calendar.after': 'The day after',
  'calendar.afterShort': 'After',
  'calendar.today': 'Today',
  'calendar.choose': 'Choose a day',
  'calendar.search': 'Find by expert or hospital',
  'calendar.shape': 'Show as',
  'calendar.bars': 'Time line',
  'calendar.table': 'Table',
  'calendar.nobody': 'No expert found',
  'calendar.nobodyText': 'Try another word. Each expert’s consults stand in one row.',
  'calendar.free': 'Nothing is booked on this day.',
  'calendar.empty': 'Nothing is booked on this day',
  'calendar.emptyText': 'Booked consults appear here in order of time.',
  'calendar.time': 'Time',
  'calendar.expert': 'Expert',
  'calendar.from': 'Requested by',
  'calendar.patient': 'Patient',
  'calendar.urgency': 'Urgency',
  'calendar.state': 'State',
  'calendar.clash': 'overlaps; emergency goes first',
  'schedule.zoneNote': 'Times are in your zone ({zone})',
};
export default en;
