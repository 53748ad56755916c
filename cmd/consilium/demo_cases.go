package main

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"consilium/auth"
	"consilium/rooms"
	"consilium/rooms/consult"
	"consilium/rooms/store"
)

// seeding plays cases through the very use cases that people have, at times of
// its own choosing, so that the demonstration's records are like any others.
type seeding struct {
	ctx   context.Context
	desk  *rooms.Desk
	began time.Time // the wall clock when the demonstration was filled
	clock time.Time
	id    string // the case being played
	err   error  // the first thing that failed; nothing is done after it
}

func seedCases(ctx context.Context, s *server, now time.Time) error {
	p := &seeding{ctx: ctx, began: now, clock: now}
	blobs, err := store.OpenBlobs(s.data + "/attachments")
	if err != nil {
		return err
	}
	p.desk, err = rooms.NewDesk(rooms.DeskConfig{Store: s.store, Blobs: blobs, Cluster: s.cluster, Gate: s.gate, Log: s.log, Demo: true,
		Now: func() time.Time { return p.clock }})
	if err != nil {
		return err
	}
	for _, play := range []func(*seeding){
		anginaClosed, strokeFollowed, cancelledOne, epilepsySigned, chestFilm, chestPainWaiting, returnedOne, dizzyTriaged, failureBooked, draftOnly,
	} {
		play(p)
	}
	return p.err
}

// ago sets the clock so long before the start of the demonstration.
func (p *seeding) ago(d time.Duration) { p.clock = p.began.Add(-d) }

// on sets the clock to a time of day in the place where people are, so many days
// before the demonstration was filled.
func (p *seeding) on(daysAgo, hour, minute int) {
	zone, err := time.LoadLocation(demoZone)
	p.try(err)
	y, m, d := p.began.In(zone).Date()
	p.clock = time.Date(y, m, d-daysAgo, hour, minute, 12, 0, zone)
}

// later moves the clock on.
func (p *seeding) later(d time.Duration) { p.clock = p.clock.Add(d) }

func (p *seeding) try(err error) {
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("case %s at %s: %w", p.id, p.clock.Format(time.DateTime), err)
	}
}

func (p *seeding) actor(login string) auth.Actor { return demoActor(login, p.began) }

func (p *seeding) do(login string, cmd consult.Command) {
	if p.err == nil {
		_, err := p.desk.Do(p.ctx, p.actor(login), p.id, "", 0, cmd)
		p.try(err)
		p.later(3 * time.Second) // people do one thing after the other
	}
}

func (p *seeding) draft(login string, kind consult.Kind, u consult.Urgency, r consult.Request) {
	if p.err == nil {
		v, err := p.desk.CreateDraft(p.ctx, p.actor(login), "", rooms.DraftInput{Kind: kind, Urgency: u, Request: r})
		p.id = v.ID
		p.try(err)
		p.later(40 * time.Second)
	}
}

func (p *seeding) say(login, text string) {
	if p.err == nil {
		_, err := p.desk.Chat(p.ctx, p.id, p.actor(login), store.NewID(), text)
		p.try(err)
		p.later(25 * time.Second)
	}
}

func (p *seeding) opinion(login string, o consult.OpinionContent) {
	if p.err == nil {
		_, err := p.desk.SaveOpinion(p.ctx, p.actor(login), p.id, o)
		p.try(err)
	}
}

func (p *seeding) attach(login, name string, data []byte) {
	if p.err == nil {
		_, err := p.desk.AddAttachment(p.ctx, p.actor(login), p.id, "", name, bytes.NewReader(data))
		p.try(err)
		p.later(8 * time.Second)
	}
}

func (p *seeding) room(login string, verb consult.Verb) {
	if p.err == nil {
		_, err := p.desk.RoomEvent(p.ctx, p.id, verb, p.actor(login))
		p.try(err)
	}
}

func (p *seeding) note(login, what string, lasted time.Duration) {
	if p.err == nil {
		p.try(p.desk.SessionNote(p.ctx, p.id, p.actor(login), rooms.SessionNote{What: what, Lasted: lasted, RTT: 86, Loss: 0.012, Path: "udp"}))
	}
}

// call plays a call: both join, time passes, both leave.
func (p *seeding) call(asks, answers string, length time.Duration) {
	p.note(asks, "joined", 0)
	p.note(answers, "joined", 0)
	p.later(length)
	p.do(answers, consult.EndCmd{})
	p.note(asks, "left", length)
	p.note(answers, "left", length)
}

func (p *seeding) read(login string) {
	if p.err == nil {
		_, err := p.desk.ReadOpinion(p.ctx, p.actor(login), p.id)
		p.try(err)
	}
}

func consentOf(name, relation string) consult.ConsentCmd {
	return consult.ConsentCmd{Purposes: []string{consult.ForCare, consult.ForSharing}, Version: "2026-01", Language: "zh-CN", Signer: name, Relationship: relation}
}

func number(f float64) *float64 { return &f }

func years(n int) *int { return &n }

func icd(code, text string) consult.Diagnosis {
	return consult.Diagnosis{System: "icd-10", Code: code, Text: text}
}

// anginaClosed is a whole course: request, triage, booking, call, opinion,
// decision, outcomes at 7 and 30 days.
func anginaClosed(p *seeding) {
	day := 24 * time.Hour
	p.on(38, 9, 12)
	p.draft("li", consult.Video, consult.Urgent, consult.Request{
		Patient:   consult.Patient{LocalID: "SQ-20418", Name: "张秀英", Birth: "1961-04-18", Sex: "female"},
		Question:  "劳力后胸闷两周，心电图 ST-T 改变，是否需要转院行冠脉造影？目前用药如何调整？",
		Specialty: "cardiology", Complaint: "活动后胸闷、气短两周，休息约五分钟缓解。",
		History:     "高血压病史十二年，最高 170/100 mmHg，平素服氨氯地平 5 mg 每日一次。两周前上楼时出现胸骨后闷痛，近三日爬一层楼即发作。否认糖尿病。母亲有冠心病。",
		Examination: "神清，双肺呼吸音清。心界不大，心率 82 次/分，律齐，各瓣膜区未闻及杂音。双下肢无水肿。",
		Diagnoses:   []consult.Diagnosis{icd("I20.9", "心绞痛，未特指"), icd("I10", "原发性高血压")},
		Allergies:   "青霉素皮疹", Medication: "氨氯地平 5 mg 每日一次",
		Data:      map[string]string{"onset": "两周前，近三日加重", "ecg": "窦性心律，V4–V6 导联 ST 段水平型压低 0.1 mV，T 波低平"},
		Companion: demoID("zhou"),
	})
	p.vitals("zhou", consult.Vitals{Systolic: number(158), Diastolic: number(94), HeartRate: number(82), SpO2: number(97), Temperature: number(36.5), Device: "欧姆龙电子血压计"})
	p.attach("li", "心电图 2026.png", electrocardiogram(82, -0.10))
	p.do("li", consentOf("张秀英", "self"))
	p.later(9 * time.Minute)
	p.do("li", consult.SubmitCmd{})
	p.later(14 * time.Minute)
	p.do("tang", consult.TriageCmd{Urgency: consult.Urgent, Grounds: "近三日症状加重，心电图有缺血改变，血流动力学稳定"})
	p.do("tang", consult.InviteCmd{People: []string{demoID("wang")}})
	p.later(25 * time.Minute)
	p.do("wang", consult.AcceptCmd{})
	p.later(6 * time.Minute)
	start := p.clock.Add(90 * time.Minute).Truncate(15 * time.Minute)
	p.do("tang", consult.ScheduleCmd{Start: start, Minutes: 30})
	p.clock = start.Add(-16 * time.Minute)
	p.do("li", consult.PrepareCmd{Camera: true, Microphone: true, Speaker: true})
	p.clock = start.Add(-3 * time.Minute)
	p.room("li", consult.Arrive)
	p.clock = start.Add(time.Minute)
	p.room("wang", consult.Admit)
	p.say("wang", "请把听诊器放在心尖部，我想听一下患者的呼吸配合情况。")
	p.say("li", "好的。患者说昨晚睡前又发作一次，含服硝酸甘油后两分钟缓解。")
	p.call("li", "wang", 17*time.Minute)
	p.opinion("wang", consult.OpinionContent{
		Findings:  "视频下患者一般情况可，无端坐呼吸，颈静脉无充盈。心电图示 V4–V6 ST 段水平型压低 0.1 mV。",
		Limits:    "远程无法触诊及完整听诊，未见心肌标志物结果。",
		Diagnosis: "不稳定型心绞痛（初发劳力型，近期加重），高血压病 2 级（很高危）", Codes: []consult.Diagnosis{icd("I20.0", "不稳定型心绞痛")}, Certainty: "probable",
		Differentials: "主动脉夹层、胃食管反流：病史与体征不支持。", Tests: "当日查肌钙蛋白、血脂、血糖、肾功能；两小时后复查心电图。",
		Treatment: "阿司匹林 300 mg 嚼服后 100 mg 每日一次；阿托伐他汀 20 mg 每晚一次；美托洛尔缓释片 23.75 mg 每日一次；硝酸甘油 0.5 mg 必要时含服。",
		Refer:     "建议 48 小时内转我院心内科行冠脉造影；若转运前无再发，可由家属陪同乘救护车。", RedFlags: "胸痛超过 20 分钟、晕厥、血压低于 90/60 mmHg：立即呼叫 120 并电话联系我科。",
		FollowUp: "造影后第 7、30 天随访血压、心率及出血情况。",
	})
	p.later(12 * time.Minute)
	p.do("wang", consult.SignCmd{})
	p.later(20 * time.Minute)
	p.read("li")
	p.do("li", consult.DecideCmd{Choice: "adopted", Why: "与患者及家属沟通后同意次日转院造影，当日已按意见给药。"})
	p.later(7 * day)
	p.do("li", consult.FollowCmd{Day: 7, Text: "已在市一院植入前降支支架一枚，无胸痛，血压 128/76 mmHg。"})
	p.later(23 * day)
	p.do("li", consult.FollowCmd{Day: 30, Text: "无再发心绞痛，规律服药，无出血。"})
	p.do("li", consult.CloseCmd{})
}

// strokeFollowed began as an emergency.
func strokeFollowed(p *seeding) {
	day := 24 * time.Hour
	p.on(9, 9, 1)
	consent := consentOf("吴建国", "child")
	if p.err == nil {
		v, err := p.desk.StartNow(p.ctx, p.actor("chen"), "", consult.StartCmd{
			Department: neurology, Patient: consult.Patient{Name: "吴有福", Age: years(72), Sex: "male"},
			Question:  "突发右侧肢体无力伴言语不清约 50 分钟，能否溶栓？如何转运？",
			Complaint: "右侧肢体无力、言语含糊 50 分钟。",
			Vitals:    &consult.Vitals{Systolic: number(176), Diastolic: number(98), HeartRate: number(88), SpO2: number(96), Glucose: number(7.2), GCS: number(14)},
			Consent:   &consent,
		})
		p.id = v.ID
		p.try(err)
	}
	p.later(21 * time.Second)
	p.do("liu", consult.AcceptCmd{})
	p.say("liu", "最后正常时间是几点？有没有口服抗凝药？")
	p.say("chen", "早上 8 点 10 分家属还和他说过话。没有抗凝药，长期吃阿司匹林。")
	p.call("chen", "liu", 11*time.Minute)
	p.opinion("liu", consult.OpinionContent{
		Findings: "视频下右侧中枢性面瘫，右上肢 3 级、右下肢 4 级，构音障碍，NIHSS 估计 7 分。", Limits: "无头颅 CT，不能排除出血；感觉检查不完整。",
		Diagnosis: "急性脑卒中，考虑左侧大脑中动脉供血区缺血", Codes: []consult.Diagnosis{icd("I63.9", "脑梗死，未特指")}, Certainty: "probable",
		Differentials: "脑出血、低血糖（已排除）、癫痫后状态。", Tests: "到院后五分钟内头颅 CT 平扫及血管成像。",
		Treatment: "现在转运，绕行县医院直送我院卒中中心；转运途中血压低于 220/120 mmHg 不降压，禁食水，平卧头高 15 度，建立左上肢静脉通路。",
		Refer:     "立即转诊，时间窗内（发病 4.5 小时）。", RedFlags: "意识下降、呕吐、血压超过 220/120 mmHg：途中电话 0571-5550120。", FollowUp: "三个月内随访功能评分。",
	})
	p.later(4 * time.Minute)
	p.do("liu", consult.SignCmd{})
	p.later(3 * time.Minute)
	p.read("chen")
	p.do("chen", consult.DecideCmd{Choice: "adopted", Why: "救护车 9 点 20 分出发，家属随车。"})
	p.later(7 * day)
	p.do("chen", consult.FollowCmd{Day: 7, Text: "到院 38 分钟静脉溶栓，右侧肢体肌力恢复至 4+ 级，言语基本清楚。"})
}

func cancelledOne(p *seeding) {
	p.on(5, 10, 24)
	p.draft("he", consult.Video, consult.Routine, consult.Request{
		Patient: consult.Patient{Name: "郑小梅", Age: years(34), Sex: "female"}, Question: "反复头痛半年，是否需要头颅磁共振？", Specialty: "neurology",
		Complaint: "双颞部胀痛半年。", History: "每月发作三到四次，伴畏光，月经前加重。", Diagnoses: []consult.Diagnosis{icd("G43.9", "偏头痛")},
		Data: map[string]string{"last-well": "发作间期正常", "deficit": "无"},
	})
	p.vitals("he", consult.Vitals{Systolic: number(118), Diastolic: number(74), HeartRate: number(70), GCS: number(15), Glucose: number(5.1)})
	p.do("he", consult.SubmitCmd{})
	p.later(3 * time.Hour)
	p.do("he", consult.CancelCmd{Reason: "患者已自行前往市一院门诊。"})
}

// epilepsySigned waits for the requester's decision.
func epilepsySigned(p *seeding) {
	p.on(1, 11, 37)
	p.draft("chen", consult.Written, consult.Routine, consult.Request{
		Patient: consult.Patient{LocalID: "YL-0931", Name: "林小满", Birth: "2009-09", Sex: "female", Confidential: true}, Specialty: "neurology",
		Question:  "首次发作后是否开始抗癫痫治疗？能否继续上学和住校？",
		Complaint: "三天前课堂上突然倒地、双眼上翻、四肢抽动约一分钟。", History: "既往体健，无发热惊厥史，家族中无癫痫。发作后嗜睡半小时，无失禁。",
		Diagnoses: []consult.Diagnosis{icd("R56.8", "抽搐，待查")}, Allergies: "无",
		Data: map[string]string{"last-well": "发作后次日完全恢复", "deficit": "神经系统查体无异常"},
	})
	p.vitals("chen", consult.Vitals{Systolic: number(108), Diastolic: number(66), HeartRate: number(76), GCS: number(15), Glucose: number(4.9), Weight: number(48)})
	p.do("chen", consentOf("林志远", "parent"))
	p.do("chen", consult.SubmitCmd{})
	p.later(50 * time.Minute)
	p.do("tang", consult.TriageCmd{Urgency: consult.Routine, Grounds: "单次发作，已完全恢复，无局灶体征"})
	p.do("tang", consult.InviteCmd{People: []string{demoID("sun")}})
	p.later(2 * time.Hour)
	p.do("sun", consult.AcceptCmd{})
	p.later(5 * time.Hour)
	p.do("sun", consult.ConcludeCmd{})
	p.opinion("sun", consult.OpinionContent{
		Findings:  "Single unprovoked generalised seizure as described by a witness; full recovery; normal examination as reported. 目击者描述的单次无诱因全面性发作，已完全恢复。",
		Limits:    "No EEG and no imaging yet; the event itself was not recorded. 尚无脑电图与影像。",
		Diagnosis: "首次无诱因癫痫发作 (first unprovoked seizure)", Codes: []consult.Diagnosis{icd("R56.8", "抽搐")}, Certainty: "possible",
		Differentials: "惊厥性晕厥 (convulsive syncope)；心律失常：请做十二导联心电图，注意 QT 间期。",
		Tests:         "Sleep-deprived EEG within two weeks; MRI if the EEG is focal. 两周内剥夺睡眠脑电图。",
		Treatment:     "No antiseizure medication after a single seizure with normal findings. 暂不用药。向家长和老师说明发作时的处理。",
		Refer:         "第二次发作，或脑电图异常时转我院神经内科门诊。", RedFlags: "发作超过五分钟、发作间意识不恢复、外伤：立即送医。",
		FollowUp: "可以上学；暂不住上铺，半年内不单独游泳、不骑车上路。",
	})
	if signed := p.began.Add(-3 * time.Hour); signed.After(p.clock) {
		p.clock = signed
	}
	p.do("sun", consult.SignCmd{})
}

// chestFilm is a remote diagnosis whose report is being written.
func chestFilm(p *seeding) {
	p.ago(80 * time.Minute)
	p.draft("he", consult.RemoteDiagnosis, consult.Urgent, consult.Request{
		Patient: consult.Patient{LocalID: "BS-5512", Name: "黄大山", Birth: "1954-12-02", Sex: "male"}, Specialty: "imaging",
		Question:  "胸片右下肺斑片影，请出具诊断报告；是否需要 CT？",
		Complaint: "咳嗽、咳黄痰五天，发热两天。", History: "吸烟四十年，慢性支气管炎十余年。", Examination: "右下肺可闻及湿啰音。",
		Diagnoses: []consult.Diagnosis{icd("J18.9", "肺炎，未特指")}, Medication: "阿莫西林三天",
		Data: map[string]string{"modality": "DR", "body-part": "胸部正位", "taken": "今晨"},
	})
	p.vitals("he", consult.Vitals{Systolic: number(132), Diastolic: number(80), HeartRate: number(96), Temperature: number(38.4), SpO2: number(93), Respiratory: number(22)})
	p.do("he", consentOf("黄大山", "self"))
	p.do("he", consult.SubmitCmd{})
	p.later(8 * time.Minute)
	p.do("tang", consult.TriageCmd{Urgency: consult.Urgent, Grounds: "高龄，血氧 93%，需尽快明确"})
	p.do("tang", consult.InviteCmd{People: []string{demoID("xu")}})
	p.later(15 * time.Minute)
	p.do("xu", consult.AcceptCmd{})
	p.say("xu", "请补一张侧位片，或说明是否能做。")
	p.later(6 * time.Minute)
	p.say("he", "侧位片半小时内上传。")
	p.opinion("xu", consult.OpinionContent{Findings: "右肺下野内带斑片状密度增高影，边缘模糊，右侧肋膈角略钝。心影不大。"})
}

// chestPainWaiting has just been submitted: the coordinator's next.
func chestPainWaiting(p *seeding) {
	p.ago(11 * time.Minute)
	p.draft("li", consult.Video, consult.Urgent, consult.Request{
		Patient: consult.Patient{LocalID: "SQ-20655", Name: "孟庆山", Birth: "1968-01-27", Sex: "male"}, Specialty: "cardiology",
		Question:  "阵发性心悸一个月，心电图示房颤，心室率 118 次/分。是否抗凝？如何控制心室率？",
		Complaint: "阵发性心悸一个月，今日持续四小时。", History: "高血压八年，糖尿病三年，无脑卒中史。", Examination: "心率 118 次/分，第一心音强弱不等，脉搏短绌。双肺清。",
		Diagnoses: []consult.Diagnosis{icd("I48.9", "心房颤动"), {System: "tcm", Text: "心悸（气阴两虚证）"}}, Allergies: "无", Medication: "缬沙坦 80 mg 每日一次，二甲双胍 0.5 g 每日两次",
		Data:      map[string]string{"onset": "一个月前，今日持续四小时", "ecg": "P 波消失，RR 间期绝对不齐，平均心室率 118 次/分"},
		Companion: demoID("zhou"),
	})
	p.vitals("zhou", consult.Vitals{Systolic: number(146), Diastolic: number(88), HeartRate: number(118), SpO2: number(98), Glucose: number(8.1)})
	p.vitals("zhou", consult.Vitals{Systolic: number(138), Diastolic: number(86), HeartRate: number(112), SpO2: number(98)})
	p.attach("li", "心电图.png", electrocardiogram(118, 0))
	p.do("li", consentOf("孟庆山", "self"))
	p.do("li", consult.SubmitCmd{})
}

func returnedOne(p *seeding) {
	p.ago(95 * time.Minute)
	p.draft("li", consult.Video, consult.Emergency, consult.Request{
		Patient: consult.Patient{LocalID: "SQ-20660", Name: "冯玉兰", Age: years(58), Sex: "female"}, Specialty: "cardiology",
		Question: "下肢水肿伴夜间憋醒一周，是否心衰？", Complaint: "双下肢水肿、夜间憋醒一周。", History: "高血压二十年，未规律服药。",
		Diagnoses: []consult.Diagnosis{icd("I50.9", "心力衰竭，待查")},
	})
	p.do("li", consentOf("冯玉兰", "self"))
	p.do("li", consult.SubmitCmd{Bypass: "夜间憋醒加重，先请专家看"})
	p.later(7 * time.Minute)
	p.do("tang", consult.ReturnCmd{Missing: []string{"data.ecg", "vitals.systolic", "vitals.heart_rate", "medication"}, Note: "请先测血压、心率并上传心电图；若血氧低于 90% 请直接发起急会诊。"})
}

// dizzyTriaged was declined once and waits to be routed again.
func dizzyTriaged(p *seeding) {
	p.ago(4 * time.Hour)
	p.draft("chen", consult.Video, consult.Routine, consult.Request{
		Patient: consult.Patient{Name: "何淑芬", Birth: "1971-06-09", Sex: "female"}, Specialty: "neurology",
		Question: "反复眩晕三个月，是否考虑后循环缺血？", Complaint: "反复眩晕三个月，起床时明显。", History: "颈椎病史。无耳鸣。", Examination: "Dix-Hallpike 试验右侧可疑阳性。",
		Diagnoses: []consult.Diagnosis{icd("H81.1", "良性阵发性眩晕")}, Medication: "倍他司汀",
		Data: map[string]string{"last-well": "发作间期正常", "deficit": "无"},
	})
	p.vitals("chen", consult.Vitals{Systolic: number(126), Diastolic: number(78), HeartRate: number(72), GCS: number(15), Glucose: number(5.4)})
	p.do("chen", consult.SubmitCmd{})
	p.later(35 * time.Minute)
	p.do("tang", consult.TriageCmd{Urgency: consult.Routine, Grounds: "慢性病程，无局灶体征"})
	p.do("tang", consult.InviteCmd{People: []string{demoID("sun")}})
	p.later(40 * time.Minute)
	p.do("sun", consult.DeclineCmd{Reason: "本周外出会议，请改邀刘芳主任。"})
}

// failureBooked is booked for later today, so that the waiting room can be tried.
func failureBooked(p *seeding) {
	p.ago(5 * time.Hour)
	p.draft("he", consult.Video, consult.Routine, consult.Request{
		Patient: consult.Patient{LocalID: "BS-4410", Name: "赵德柱", Birth: "1959-03-15", Sex: "male"}, Specialty: "cardiology",
		Question: "慢性心衰随访：利尿剂和沙库巴曲缬沙坦如何调整？", Complaint: "活动后气短较上月好转。", History: "扩张型心肌病四年，射血分数 35%。体重近一周下降 1.2 kg。",
		Examination: "双下肢轻度凹陷性水肿。", Diagnoses: []consult.Diagnosis{icd("I42.0", "扩张型心肌病")}, Medication: "沙库巴曲缬沙坦 50 mg 每日两次，呋塞米 20 mg 每日一次，螺内酯 20 mg 每日一次",
		Data: map[string]string{"onset": "四年", "ecg": "窦性心律，完全性左束支传导阻滞"},
	})
	p.vitals("he", consult.Vitals{Systolic: number(104), Diastolic: number(66), HeartRate: number(64), SpO2: number(96), Weight: number(68.4)})
	p.later(2 * time.Hour)
	p.vitals("he", consult.Vitals{Systolic: number(108), Diastolic: number(68), HeartRate: number(66), SpO2: number(97), Weight: number(68.2)})
	p.do("he", consentOf("赵德柱", "self"))
	p.do("he", consult.SubmitCmd{})
	p.later(30 * time.Minute)
	p.do("tang", consult.TriageCmd{Urgency: consult.Routine, Grounds: "病情稳定，随访调药"})
	p.do("tang", consult.InviteCmd{People: []string{demoID("zhao")}})
	p.later(20 * time.Minute)
	p.do("zhao", consult.AcceptCmd{})
	p.later(5 * time.Minute)
	p.do("tang", consult.ScheduleCmd{Start: p.began.Add(25 * time.Minute).Truncate(5 * time.Minute), Minutes: 30})
}

func draftOnly(p *seeding) {
	p.ago(40 * time.Minute)
	p.draft("li", consult.Video, consult.Routine, consult.Request{
		Patient: consult.Patient{Name: "陆小川", Age: years(46), Sex: "male"}, Specialty: "general", Question: "体检发现转氨酶升高，是否需要进一步检查？", Complaint: "无明显不适。",
	})
}

func (p *seeding) vitals(login string, v consult.Vitals) {
	if p.err == nil {
		v.Taken = p.clock
		_, err := p.desk.AddVitals(p.ctx, p.actor(login), p.id, "", v)
		p.try(err)
		p.later(15 * time.Second)
	}
}
