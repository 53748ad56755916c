package sfu

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// pionLoggers passes what the protocol stack has to say to slog. Its warnings
// and errors are mostly a peer's bad network or bad packets, hence debug: what
// matters to an operator this package logs itself.
type pionLoggers struct{ log *slog.Logger }

// NewLogger implements logging.LoggerFactory.
func (p pionLoggers) NewLogger(scope string) logging.LeveledLogger {
	return pionLogger{p.log.With("scope", scope)}
}

type pionLogger struct{ log *slog.Logger }

func (l pionLogger) say(level, format string, args []any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug(fmt.Sprintf(format, args...), "severity", level)
	}
}

func (l pionLogger) Trace(string)              {}
func (l pionLogger) Tracef(string, ...any)     {}
func (l pionLogger) Debug(string)              {}
func (l pionLogger) Debugf(string, ...any)     {}
func (l pionLogger) Info(m string)             { l.say("info", "%s", []any{m}) }
func (l pionLogger) Infof(f string, a ...any)  { l.say("info", f, a) }
func (l pionLogger) Warn(m string)             { l.say("warning", "%s", []any{m}) }
func (l pionLogger) Warnf(f string, a ...any)  { l.say("warning", f, a) }
func (l pionLogger) Error(m string)            { l.say("error", "%s", []any{m}) }
func (l pionLogger) Errorf(f string, a ...any) { l.say("error", f, a) }
