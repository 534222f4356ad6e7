// Package conduit is a connector of Conduit's (https://conduit.io): a source that gives the
// data of a 100ms account, and a destination that writes into one. It has no logic of
// reading or writing: that is package exchange's.
//
//	version: "2.2"
//	pipelines:
//	  - id: rooms
//	    status: running
//	    connectors:
//	      - id: 100ms
//	        type: source
//	        plugin: standalone:100ms
//	        settings:
//	          streams: rooms,sessions
//	          accessKey: ${HMS_APP_ACCESS_KEY}
//	          appSecret: ${HMS_APP_SECRET}
//	          interval: 5m
//	      - id: file
//	        type: destination
//	        plugin: builtin:file
//	        settings:
//	          path: rooms.jsonl
//
// A record has the stream as its collection, the fields of the stream's key as its key,
// and the object that the API gave as its payload. Its position is the state before the
// page that it came in and its place in that page, so that a pipeline goes on at any
// record. What a stream gives again at its overlap is passed over unless it has changed;
// after a restart it may come once more.
//
// A credential that is refused ends the pipeline with the cause by its code and the next
// step, before anything is read.
package conduit

import _ "embed"

//go:generate go run github.com/conduitio/conduit-connector-sdk/conn-sdk-cli specgen

//go:embed connector.yaml
var specification string
