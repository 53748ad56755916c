// Package schedule is time: intervals, what is free between what is taken, and
// times as a place's clock shows them. It is pure, owns nothing, and must not
// know what is being booked or for whom.
package schedule
