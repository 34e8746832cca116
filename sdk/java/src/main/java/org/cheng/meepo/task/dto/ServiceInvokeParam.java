package org.cheng.meepo.task.dto;

import java.io.Serializable;

/**
 * A method of a Dubbo service and the arguments to call it with.
 *
 * <p>Field names travel on the wire. Not safe for use by several threads at once.
 */
public class ServiceInvokeParam implements Serializable {
    private static final long serialVersionUID = 1L;

    private String interfaceName;
    private String methodName;
    private String version;
    private String[] paramsType;
    private Object[] params;
    private ServiceInvokeParam nextService;

    /** Full name of the service interface. */
    public String getInterfaceName() {
        return interfaceName;
    }

    public void setInterfaceName(String interfaceName) {
        this.interfaceName = interfaceName;
    }

    public String getMethodName() {
        return methodName;
    }

    public void setMethodName(String methodName) {
        this.methodName = methodName;
    }

    /** Version of the service; null: none. */
    public String getVersion() {
        return version;
    }

    public void setVersion(String version) {
        this.version = version;
    }

    /** Java type names of the parameters, such as {@code java.lang.String} or {@code int}; they choose among overloads. */
    public String[] getParamsType() {
        return paramsType;
    }

    public void setParamsType(String[] paramsType) {
        this.paramsType = paramsType;
    }

    /** The arguments, as many as there are types. */
    public Object[] getParams() {
        return params;
    }

    public void setParams(Object[] params) {
        this.params = params;
    }

    /** The service to call each time that this one has succeeded; null: none. */
    public ServiceInvokeParam getNextService() {
        return nextService;
    }

    /**
     * Sets the service to call each time that this one has succeeded.
     *
     * @return {@code nextService}, so that a chain can be written in call order: {@code a.setNextService(b).setNextService(c)}
     */
    public ServiceInvokeParam setNextService(ServiceInvokeParam nextService) {
        this.nextService = nextService;
        return nextService;
    }

    /**
     * Adds a service at the end of the chain that begins here.
     *
     * @return this object
     */
    public ServiceInvokeParam addNextService(ServiceInvokeParam service) {
        ServiceInvokeParam last = this;
        while (last.nextService != null) {
            last = last.nextService;
        }
        last.nextService = service;
        return this;
    }
}
