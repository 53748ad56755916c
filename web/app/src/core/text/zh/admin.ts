export default {
  'admin.title': '',
};
