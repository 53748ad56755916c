package main

import (
	"context"
	"fmt"
	"time"

	"consilium/auth"
	"consilium/rooms/store"
)

// A crowd is the people of a load: each asks at a clinic, and is the one expert
// on duty in a department of their own at the city hospital, so that any of them
// can call any other and nobody else rings.

func crowdLogin(i int) string      { return fmt.Sprintf("crowd%d", i) }
func crowdDepartment(i int) string { return demoID(crowdLogin(i)) }

func seedCrowd(ctx context.Context, st *store.Store, now time.Time, size int) error {
	if size == 0 {
		return nil
	}
	hash := auth.HashPassword(demoPassword, demoCost)
	for i := range size {
		login, name := crowdLogin(i), fmt.Sprintf("测试%d", i)
		err := st.SaveDepartment(ctx, store.Department{ID: crowdDepartment(i), Tenant: demoTenant, Institution: cityHospital.id,
			Name: name, NameLatin: login, Specialty: "general", Telephone: cityHospital.telephone})
		if err != nil {
			return err
		}
		person := auth.Person{ID: demoID(login), Tenant: demoTenant, Login: login, Name: name, NameLatin: login, Licence: fmt.Sprintf("11099%010d", i),
			Specialty: "general", Department: crowdDepartment(i), Locale: "zh-CN", Zone: demoZone, Created: since(now), Grants: []auth.Grant{
				{Institution: shiqiao.id, Role: auth.Requester, From: since(now)},
				{Institution: cityHospital.id, Role: auth.Expert, From: since(now)},
			}}
		if err := st.AddPerson(ctx, person, hash); err != nil {
			return err
		}
		if err := st.TakeDuty(ctx, store.Duty{Tenant: demoTenant, Department: crowdDepartment(i), Person: person.ID, Rank: 1, From: since(now)}); err != nil {
			return err
		}
	}
	return nil
}
