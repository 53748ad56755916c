package sfu

import (
	"context"
	"crypto/x509"
	"net"
	"regexp"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/stun/v4"
)

var credentials = regexp.MustCompile(`a=ice-(?:ufrag|pwd):(\S+)`)

// A browser's handshake is answered from its first check on, before it nominates:
// on a satellite link it does that seconds later.
func TestAHandshakeDoesNotWaitForANomination(t *testing.T) {
	s := listen(t)
	p, err := s.NewRoom().Join("clinic", Rights{true, true, true}, Hooks{})
	must(t, err)
	offer := chromium(t)
	answer, _, err := p.Offer(context.Background(), offer, chromiumTracks)
	must(t, err)
	ours, theirs := credentials.FindAllStringSubmatch(offer, 2), credentials.FindAllStringSubmatch(answer, 2)
	check, err := stun.Build(stun.TransactionID, stun.BindingRequest,
		stun.NewUsername(theirs[0][1]+":"+ours[0][1]), stun.NewShortTermIntegrity(theirs[1][1]), stun.Fingerprint)
	must(t, err)

	to := net.UDPAddrFromAddrPort(s.Addr())
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	must(t, err)
	defer conn.Close()
	_, err = conn.WriteTo(check.Raw, to)
	must(t, err)
	must(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, _, err = conn.ReadFrom(make([]byte, 1500)) // the check's answer
	must(t, err)
	must(t, conn.SetReadDeadline(time.Time{}))

	certificate := make(chan struct{})
	browser, err := dtls.ClientWithOptions(conn, to, dtls.WithInsecureSkipVerify(true),
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM),
		dtls.WithVerifyPeerCertificate(func([][]byte, [][]*x509.Certificate) error {
			close(certificate)
			return nil
		}))
	must(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	go func() { _ = browser.HandshakeContext(ctx) }() // it fails: the offer names another certificate
	select {
	case <-certificate:
	case <-ctx.Done():
		t.Fatal("the handshake is not answered")
	}
}
