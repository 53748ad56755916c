export default {
  'calendar.title': '',
};
