export default {
  'consent.purposes': '同意的事项',
  'consent.readOut': '请逐项向患者或家属说明，同意的再勾选。',
  'consent.careText': '由另一家医院的专家通过视频或书面参与诊疗，可能有技术上的局限。',
  'consent.sharingText': '病历、照片和检查结果提供给会诊专家，结案 30 天后对方不再能查看。',
  'consent.recordingText': '录音录像只用于病历留存，至少保存 3 年。',
  'consent.attendanceText': '翻译或教学观摩人员在场，会诊结束即离开。',
  'consent.signer': '谁同意的',
  'consent.relationship': '与患者的关系',
  'need.purpose': '请至少选择一项',
  'need.signer': '请填写姓名',
  'need.vitals': '请至少填写一项',
};
