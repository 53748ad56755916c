export default {
  'account.title': '',
};
