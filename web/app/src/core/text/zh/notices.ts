export default {
  'notice.unanswered': '没有人接听急会诊，正在呼叫下一组。也可以打电话。',
  'notice.knocking': '有人在候诊，等您接入。',
  'notice.waiting-long': '有人已候诊超过 15 分钟。',
  'notice.due': '有一个会诊已到时限。',
  'notice.break-glass': '有人紧急调阅了您的病例，请查看。',
  'notice.agreement': '合作协议有变化，请查看。',
  'notice.call-back': '通话断了 2 分钟。请回到诊室，或打电话。',
  'notice.offer-async': '通话断了 10 分钟。可以改为书面会诊。',
  'notice.open': '查看',
};
