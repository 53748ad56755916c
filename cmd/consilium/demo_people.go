package main

import (
	"context"
	"fmt"
	"time"

	"consilium/auth"
	"consilium/rooms/consult"
	"consilium/rooms/store"
)

// The demonstration partnership. Everybody and everything in it is invented.

type demoPlace struct{ id, name, latin, tier, telephone string }

var (
	cityHospital   = demoPlace{"demo-city", "临江市第一人民医院", "Linjiang First People's Hospital", "city", "0571-5550100"}
	countyHospital = demoPlace{"demo-county", "青山县人民医院", "Qingshan County Hospital", "county", "0571-5550200"}
	shiqiao        = demoPlace{"demo-shiqiao", "石桥镇卫生院", "Shiqiao Township Clinic", "township", "0571-5550310"}
	yunling        = demoPlace{"demo-yunling", "云岭乡卫生院", "Yunling Township Clinic", "township", "0571-5550320"}
	baisha         = demoPlace{"demo-baisha", "白沙镇卫生院", "Baisha Township Clinic", "township", "0571-5550330"}

	demoPlaces = []demoPlace{cityHospital, countyHospital, shiqiao, yunling, baisha}
)

type demoDepartment struct {
	id                                      string
	place                                   demoPlace
	name, latin, specialty, telephone, next string
}

const (
	cardiology = "demo-cardiology"
	neurology  = "demo-neurology"
	imaging    = "demo-imaging"
	general    = "demo-general"
)

var demoDepartments = []demoDepartment{
	{general, countyHospital, "内科", "Internal medicine", "general", "0571-5550210", ""},
	{cardiology, cityHospital, "心血管内科", "Cardiology", "cardiology", "0571-5550110", general},
	{neurology, cityHospital, "神经内科", "Neurology", "neurology", "0571-5550120", general},
	{imaging, cityHospital, "医学影像科", "Imaging", "imaging", "0571-5550130", ""},
}

type demoPerson struct {
	login, name, latin, title, licence, specialty, department, locale string
	place                                                             demoPlace
	roles                                                             []auth.Role
	rank                                                              int // on duty in the department: 1 first, 2 deputy, 0 not
	says                                                              string
}

var demoPeople = []demoPerson{
	{"li", "李薇", "Li Wei", "全科主治医师", "110330000012001", "general", "", "zh-CN", shiqiao, []auth.Role{auth.Requester}, 0, "申请医生 township doctor"},
	{"zhou", "周敏", "Zhou Min", "乡村医生", "330330000045002", "", "", "zh-CN", shiqiao, []auth.Role{auth.Accompanying}, 0, "陪同医务人员 accompanying clinician"},
	{"chen", "陈刚", "Chen Gang", "执业医师", "110330000012003", "general", "", "zh-CN", yunling, []auth.Role{auth.Requester}, 0, "申请医生 township doctor"},
	{"he", "何兰", "He Lan", "执业医师", "110330000012004", "general", "", "zh-CN", baisha, []auth.Role{auth.Requester}, 0, "申请医生 township doctor"},
	{"wang", "王军", "Wang Jun", "主任医师", "110330000012005", "cardiology", cardiology, "zh-CN", cityHospital, []auth.Role{auth.Expert}, 1, "心内科专家，值班 cardiologist, first on duty"},
	{"zhao", "赵燕", "Zhao Yan", "副主任医师", "110330000012006", "cardiology", cardiology, "zh-CN", cityHospital, []auth.Role{auth.Expert}, 2, "心内科专家，备班 cardiologist, deputy"},
	{"liu", "刘芳", "Liu Fang", "主任医师", "110330000012007", "neurology", neurology, "zh-CN", cityHospital, []auth.Role{auth.Expert}, 1, "神经内科专家，值班 neurologist, first on duty"},
	{"sun", "孙浩", "Sun Hao", "副主任医师", "110330000012008", "neurology", neurology, "en", cityHospital, []auth.Role{auth.Expert}, 2, "神经内科专家，备班 neurologist, deputy (English)"},
	{"xu", "徐宁", "Xu Ning", "主任医师", "110330000012009", "imaging", imaging, "zh-CN", cityHospital, []auth.Role{auth.Expert}, 1, "影像科专家，值班 radiologist, on duty"},
	{"ma", "马莉", "Ma Li", "主治医师", "110330000012010", "general", general, "zh-CN", countyHospital, []auth.Role{auth.Expert, auth.Requester}, 1, "县医院内科专家兼申请医生 county physician"},
	{"tang", "唐静", "Tang Jing", "主管护师", "", "", "", "zh-CN", cityHospital, []auth.Role{auth.Coordinator}, 0, "协调员 coordinator"},
	{"ayi", "古丽", "Guli", "", "", "", "", "zh-CN", cityHospital, []auth.Role{auth.Interpreter, auth.Observer}, 0, "翻译、观摩 interpreter, observer"},
	{"fan", "范雪", "Fan Xue", "信息科主任", "", "", "", "zh-CN", countyHospital, []auth.Role{auth.InstitutionAdmin}, 0, "机构管理员 institution administrator"},
	{"gao", "高博", "Gao Bo", "", "", "", "", "zh-CN", cityHospital, []auth.Role{auth.PartnershipAdmin}, 0, "医联体管理员 partnership administrator"},
	{"qian", "钱宇", "Qian Yu", "", "", "", "", "zh-CN", cityHospital, []auth.Role{auth.QualityReviewer, auth.Finance}, 0, "质控、财务 quality review, finance"},
	{"luo", "罗毅", "Luo Yi", "", "", "", "", "zh-CN", cityHospital, []auth.Role{auth.Auditor}, 0, "审计 auditor"},
}

const demoZone = "Asia/Shanghai"

func (p demoPerson) id() string { return "demo-" + p.login }

func demoID(login string) string { return "demo-" + login }

// since is when the demonstration's agreements, roles and rosters began.
func since(now time.Time) time.Time { return now.AddDate(-1, 0, 0).UTC() }

func seedPlaces(ctx context.Context, st *store.Store, now time.Time) error {
	for _, p := range demoPlaces {
		if err := st.SaveInstitution(ctx, store.Institution{ID: p.id, Tenant: demoTenant, Name: p.name, NameLatin: p.latin, Tier: p.tier, Telephone: p.telephone, Zone: demoZone}); err != nil {
			return err
		}
	}
	for _, d := range demoDepartments {
		if err := st.SaveDepartment(ctx, store.Department{ID: d.id, Tenant: demoTenant, Institution: d.place.id, Name: d.name, NameLatin: d.latin,
			Specialty: d.specialty, Telephone: d.telephone, Next: d.next}); err != nil {
			return err
		}
	}
	kinds := []consult.Kind{consult.Video, consult.Written, consult.RemoteDiagnosis, consult.MDT, consult.Teaching}
	for _, inviting := range demoPlaces {
		for _, invited := range demoPlaces {
			// Both ways between hospitals; clinics ask upwards, hospitals hand back down.
			if inviting == invited || inviting.tier == "township" && invited.tier == "township" {
				continue
			}
			if err := st.SaveAgreement(ctx, store.Agreement{ID: store.NewID(), Tenant: demoTenant, Inviting: inviting.id, Invited: invited.id, Kinds: kinds, From: since(now)}); err != nil {
				return err
			}
		}
	}
	return nil
}

func seedPeople(ctx context.Context, st *store.Store, now time.Time) error {
	hash := auth.HashPassword(demoPassword, demoCost)
	for i, p := range demoPeople {
		person := auth.Person{ID: p.id(), Tenant: demoTenant, Login: p.login, Name: p.name, NameLatin: p.latin, Title: p.title, Licence: p.licence,
			Specialty: p.specialty, Department: p.department, Telephone: demoTelephone(i), Locale: p.locale, Zone: demoZone, Created: since(now)}
		for _, r := range p.roles {
			person.Grants = append(person.Grants, auth.Grant{Institution: p.place.id, Role: r, From: since(now)})
		}
		if err := st.AddPerson(ctx, person, hash); err != nil {
			return err
		}
		if p.rank == 0 {
			continue
		}
		if err := st.TakeDuty(ctx, store.Duty{Tenant: demoTenant, Department: p.department, Person: p.id(), Rank: p.rank, From: since(now)}); err != nil {
			return err
		}
	}
	return nil
}

// demoTelephone is one digit too short for the place, so it reaches nobody.
func demoTelephone(i int) string { return fmt.Sprintf("0571-55504%02d", i) }

// demoActor is the person as a signed-in actor, for the seed.
func demoActor(login string, now time.Time) auth.Actor {
	for _, p := range demoPeople {
		if p.login == login {
			a := auth.Actor{Person: p.id(), Tenant: demoTenant}
			for _, r := range p.roles {
				a.Grants = append(a.Grants, auth.Grant{Institution: p.place.id, Role: r, From: since(now)})
			}
			return a
		}
	}
	return auth.Actor{}
}
