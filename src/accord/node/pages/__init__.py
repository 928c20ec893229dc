"""Pages for people: server-rendered, complete without JavaScript, in every language that there is a catalogue for."""
