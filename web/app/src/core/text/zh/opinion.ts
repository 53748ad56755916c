export default {
  'opinion.title': '',
};
