export default {
  'guest.title': '会诊 第 {n} 号',
  'guest.as': '您以{seat}的身份参加这次会诊。',
  'guest.seat.interpreter': '翻译',
  'guest.seat.observer': '观摩',
  'guest.now': '现在',
  'guest.when': '时间',
  'guest.where': '机构',
  'guest.who': '参加医生',
  'guest.record': '您可以参加通话，但看不到病历。会诊结束后，您的参与也随之结束。',
  'guest.enter': '进入诊室',
  'guest.over': '您在这次会诊中的参与已结束',
  'guest.over-text': '谢谢您的参与。会诊结束后，这里不再显示任何内容；再有人邀请您时，会出现在工作台。',
};
