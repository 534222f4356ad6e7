package benthos

import "github.com/redpanda-data/benthos/v4/public/service"

// Input is how an input is made.
func Input() (*service.ConfigSpec, service.BatchInputConstructor) { return inputSpec(), newInput }

// Output is how an output is made.
func Output() (*service.ConfigSpec, service.BatchOutputConstructor) { return outputSpec(), newOutput }

// Processor is how a processor is made.
func Processor() (*service.ConfigSpec, service.ProcessorConstructor) {
	return processorSpec(), newProcessor
}
