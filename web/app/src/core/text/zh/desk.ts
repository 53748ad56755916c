export default {
  'desk.title': '',
};
