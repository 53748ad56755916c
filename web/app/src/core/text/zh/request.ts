export default {
  'request.title': '',
};
