// Package benthos brings 100ms into Benthos, the core of Redpanda Connect: an input, an
// output and a processor to register in a program of your own. It has no logic of reading
// or writing: that is package exchange's.
//
//	input:
//	  hundred_ms:
//	    streams: [rooms, sessions]
//	    access_key: ${HMS_APP_ACCESS_KEY}
//	    app_secret: ${HMS_APP_SECRET}
//	    interval: 5m
//	    cache: places
//	output:
//	  file:
//	    path: data/${! metadata("stream") }.jsonl
//	    codec: lines
//	cache_resources:
//	  - label: places
//	    file:
//	      directory: places # which has to be there
//
// A message of the input is a record as the API gave it, with the metadata stream and key;
// a batch is a page. The cache keeps the place behind the newest page of which all before
// it are acknowledged, in whatever order that happens, so that a pipeline which is killed
// goes on there. What a stream gives again at its overlap is passed over unless it has
// changed; after a restart it may come once more.
//
// The output hundred_ms_write writes messages into a workspace, and fails those alone that
// are refused. The processor hundred_ms_credential tests the credential in a message, and
// puts the report in its place.
package benthos
