export default {
  'consult.title': '会诊',
};
