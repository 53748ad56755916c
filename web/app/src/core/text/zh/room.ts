export default {
  'room.title': '会诊',
};
